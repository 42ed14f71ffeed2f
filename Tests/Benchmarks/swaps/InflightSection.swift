import BenchmarkSupport
import Foundation
import Synchronization
import VokenClient
import Wire

/// One long story, and fifty swaps while it is told.
func inflightSection(_ bench: Workbench) throws {
    let report = bench.report
    let story = GenerateRequest(
        prompt: "Mia the rabbit found a blue ball.", scenes: bench.isQuick ? 6 : 12,
        steps: bench.isQuick ? 60 : 80, seed: 5)
    let daemon = try DaemonProcess(bench, PipelineText(bench))
    try daemon.start()
    let client = try daemon.connect()
    let references = References()
    try references.record([story], from: client)
    let reference = Telling(story, from: client)
    let first = try client.status().generation

    let folder = try bench.makeFolder("weights")
    let swaps = try alternatives(bench, folder)
    let background = BackgroundStory(story, of: daemon)
    let job = background.waitForJob()
    let count = bench.count(50, quick: 15)
    // Spread over most of the story.
    let pause = useconds_t(reference.seconds * 0.7 / Double(count) * 1e6)
    var failures: [String] = []
    var unnamed: [String] = []
    var positions: [String] = []
    var whileTold = 0
    for number in 0..<count {
        var request = swaps[number % swaps.count]
        request.drain = .unawaited
        let outcome = client.perform(request)
        if let failure = outcome.failure { failures.append(failure) }
        usleep(pause)
        let generations = try client.generations()
        guard !background.isOver else { continue }
        whileTold += 1
        let holders = generations.flatMap { list in list.holders.map { (list, $0) } }
            .filter { $0.1.job == job }
        if let (list, holder) = holders.first, holders.count == 1, list.number == first,
            holder.generation == first, list.state != .serving
        {
            positions.append(holder.position)
        } else {
            unnamed.append("\(holders)")
        }
    }
    let telling = background.wait()
    report.expect(
        "swaps of \(swaps.count) stages and schedulers", asked: "\(count) done",
        seen: faulty("\(count - failures.count) done", failures), holds: failures.isEmpty)
    report.expect(
        "of them while the story was told", asked: "all",
        seen: "\(whileTold) of \(count)", holds: whileTold == count)
    report.expect(
        "ListGenerations", asked: "generation \(first) with its one holder \(job), each time",
        seen: faulty(
            "\(positions.count) times, from \"\(positions.first ?? "")\" to "
                + "\"\(positions.last ?? "")\"", unnamed),
        holds: unnamed.isEmpty && Set(positions).count > 2)
    report.expect(
        "recipes of its \(telling.pictures.count) pictures", asked: "those of its generation",
        seen: telling.pictures.map(\.recipe) == reference.pictures.map(\.recipe)
            ? "they are" : "others",
        holds: telling.pictures.map(\.recipe) == reference.pictures.map(\.recipe))
    let fault = references.fault(of: telling)
    report.expect(
        "its bytes", asked: "those of an undisturbed telling", seen: fault ?? "they are",
        holds: fault == nil)
    report.figure(
        "the story",
        "\(number(reference.seconds)) s alone, \(number(telling.seconds)) s with the swaps")
    let left = try client.settledStatus().generations.map(\.number)
    report.expect(
        "generations afterwards", asked: "two, without \(first)", seen: "\(left)",
        holds: left.count == 2 && !left.contains(first))
    report.expect("exit code after SIGTERM", 0, seen: daemon.stop())
}

/// Swaps that each change something, and come back to where they began.
private func alternatives(_ bench: Workbench, _ folder: String) throws -> [SwapRequest] {
    func weights(_ kind: String, _ model: String, _ file: String) throws -> [SwapRequest] {
        let own = "\(bench.model(model))/\(file).safetensors"
        let other = "\(folder)/\(model).safetensors"
        try replace(other, with: try disturbedWeights(contents(of: own)))
        return [
            SwapRequest(kind: kind, weights: other), SwapRequest(kind: kind, weights: own),
        ]
    }
    let pairs = [
        try weights("unet", "unet", "diffusion_pytorch_model"),
        [
            SwapRequest(
                kind: "scheduler", plugin: "pndm",
                options: #"{"skip_prk_steps": true, "timestep_spacing": "leading"}"#, fresh: true),
            SwapRequest(kind: "scheduler", plugin: "ddim", fresh: true),
        ],
        try weights("vae", "vae", "diffusion_pytorch_model"),
        try weights("language_model", "language_model", "model"),
        try weights("feature_mapper", "mapper", "model"),
    ]
    // The others are in place while one goes back.
    return pairs.map { $0[0] } + pairs.map { $0[1] }
}

/// The same tensors with other signs of some elements of the first.
func disturbedWeights(_ file: [UInt8]) throws -> [UInt8] {
    let length = file.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    let start = 8 + length
    guard start + 64 <= file.count else { throw Failure("not a file of weights") }
    var bytes = file
    // The upper bytes of 16-bit floats.
    for index in 0..<32 { bytes[start + 2 * index + 1] ^= 0x80 }
    return bytes
}

/// A story that is told while its asker does something else.
private final class BackgroundStory: Sendable {
    private let telling = Mutex<Telling?>(nil)
    private let job = Mutex("")
    private let began = DispatchSemaphore(value: 0)
    private let ended = DispatchSemaphore(value: 0)

    init(_ request: GenerateRequest, of daemon: DaemonProcess) {
        let socket = daemon.socket
        let thread = Thread { [self] in tell(request, socket) }
        thread.start()
    }

    var isOver: Bool { telling.withLock { $0 != nil } }

    /// Until the first picture has been begun.
    func waitForJob() -> String {
        began.wait()
        return job.withLock { $0 }
    }

    func wait() -> Telling {
        ended.wait()
        guard let telling = telling.withLock({ $0 }) else { preconditionFailure("it has ended") }
        return telling
    }

    private func tell(_ request: GenerateRequest, _ socket: String) {
        guard let client = try? Client.connect(path: socket) else {
            preconditionFailure("the daemon is gone")
        }
        let told = Telling(request, from: client) { event in
            guard case .imageBegan(let image) = event.kind, image.index == 1 else { return }
            job.withLock { $0 = event.job }
            began.signal()
        }
        telling.withLock { $0 = told }
        began.signal()
        ended.signal()
    }
}
