import BenchmarkSupport
import Checkpoints
import Synchronization
import VokenClient
import Wire

/// A story as a client got it.
struct Telling: Sendable {
    private(set) var job = ""
    private(set) var generation = 0
    private(set) var text = ""
    private(set) var pictures: [Event.ImageDone] = []
    /// How it ended, if not well.
    private(set) var failure: String?
    private(set) var seconds = 0.0

    /// Asks for a story and reads it to its end.
    /// - Parameter observe: told each event.
    init(_ request: GenerateRequest, from client: Client, observe: (Event) -> Void = { _ in }) {
        let start = ContinuousClock.now
        do throws(ClientError) {
            let story = try client.generate(request)
            while let event = try story.next() {
                take(event)
                observe(event)
            }
        } catch {
            failure = "\(error.code): \(error)"
        }
        seconds = (ContinuousClock.now - start) / .seconds(1)
    }

    private mutating func take(_ event: Event) {
        job = event.job
        if event.generation > 0 { generation = event.generation }
        switch event.kind {
        case .text(let piece): text += piece
        case .imageDone(let picture): pictures.append(picture)
        case .failed(let error): failure = "\(error.code): \(error.message)"
        default: break
        }
    }

    /// Of the first picture: what the story was made with, to the last byte.
    var recipe: [String: String] {
        Dictionary(
            (pictures.first?.recipe ?? []).map { ($0.key, $0.value) },
            uniquingKeysWith: { first, _ in first })
    }

    /// Of all that a reader gets: the text, and the bytes of the pictures' files.
    var fingerprint: String {
        var hash = SHA256()
        hash.update(Array(text.utf8))
        for picture in pictures { hash.update(picture.png) }
        return hash.finish()
    }
}

/// What stories must be: told by a daemon that nothing disturbs, by their recipes.
final class References: Sendable {
    private let fingerprints = Mutex<[String: String]>([:])

    /// Tells stories and keeps them.
    func record(_ requests: [GenerateRequest], from client: Client) throws {
        for request in requests {
            let telling = Telling(request, from: client)
            if let failure = telling.failure { throw Failure("a reference story: \(failure)") }
            fingerprints.withLock { $0[Self.key(telling)] = telling.fingerprint }
        }
    }

    /// - Returns: what is wrong with a story; `nil` if it is as it must be.
    func fault(of telling: Telling) -> String? {
        if let failure = telling.failure { return failure }
        guard let expected = fingerprints.withLock({ $0[Self.key(telling)] }) else {
            return "a recipe that was not served: \(telling.recipe["scheduler"] ?? "none")"
        }
        return telling.fingerprint == expected
            ? nil : "other bytes than with the same recipe before"
    }

    var count: Int { fingerprints.withLock { $0.count } }

    /// The whole recipe: it names prompt, seed, options, and the code and weights of every stage.
    private static func key(_ telling: Telling) -> String {
        telling.recipe.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
            .joined(separator: "\n")
    }
}

/// Short stories that differ in all that a request decides.
let shortStories: [GenerateRequest] = [
    GenerateRequest(prompt: "Mia the rabbit found a blue ball.", scenes: 1, steps: 2, seed: 1),
    GenerateRequest(prompt: "Tom the cat saw a red kite.", scenes: 2, steps: 1, seed: 2),
    GenerateRequest(prompt: "A fox lived in the forest.", scenes: 1, steps: 3, seed: 3),
    GenerateRequest(
        prompt: "Mia went to the beach.", scenes: 1, steps: 1, seed: 4, guidance: 1.5),
]
