import BenchmarkSupport
import Checkpoints
import VokenClient
import Wire

/// Two builds of one plugin in turn at one path.
func twinsSection(_ bench: Workbench) throws {
    let report = bench.report
    let workshop = try Workshop(bench)
    let builds = try twinPlugins.map { try workshop.compile($0, module: "Twin") }
    let sums = builds.map { SHA256.hash($0) }

    // Each in a daemon that has never seen the other.
    let references = References()
    var pictures: [String] = []
    for (number, build) in builds.enumerated() {
        let path = "\(workshop.folder)/libTwin\(number).so"
        try replace(path, with: build, mode: 0o755)
        var pipeline = PipelineText(bench)
        pipeline.stages["scheduler"]?["plugin"] = quoted(path)
        let daemon = try DaemonProcess(bench, pipeline)
        try daemon.start()
        let client = try daemon.connect()
        try references.record([shortStories[0]], from: client)
        pictures.append(Telling(shortStories[0], from: client).pictures.first?.sha256 ?? "")
        daemon.kill()
    }
    report.expect(
        "pictures of the two builds", asked: "different",
        seen: "\(Set(pictures).count) of 2 differ",
        holds: Set(pictures).count == 2)

    let daemon = try DaemonProcess(bench, PipelineText(bench))
    try daemon.start()
    let client = try daemon.connect()
    let images = try client.status().images
    let path = workshop.folder + "/libTwin.so"
    var faults: [String] = []
    let count = bench.count(100, quick: 20)
    for number in 0..<count {
        try replace(path, with: builds[number % 2], mode: 0o755)
        let outcome = client.perform(SwapRequest(kind: "scheduler", plugin: path, fresh: true))
        if let failure = outcome.failure { faults.append(failure) }
        let telling = Telling(shortStories[0], from: client)
        if let fault = references.fault(of: telling) { faults.append(fault) }
        if telling.recipe["code.scheduler"] != "1 \(sums[number % 2].prefix(16))" {
            faults.append("a picture by \(telling.recipe["code.scheduler"] ?? "nobody")")
        }
    }
    report.expect(
        "\(count) swaps between two builds at one path", asked: "each time the right pictures",
        seen: faulty("\(faults.count) wrong", faults), holds: faults.isEmpty)
    report.expect("images mapped for them", 2, seen: try client.status().images - images)
    report.expect("exit code after SIGTERM", 0, seen: daemon.stop())
}
