import Pipelines
import VokenClient
import Wire

/// The engine of a daemon.
struct RemoteNarrator: Narrator {
    private let client: Client
    private let terms: JobOptions

    init(_ client: Client, _ terms: JobOptions) {
        self.client = client
        self.terms = terms
    }

    func tell(_ request: StoryRequest, _ event: (StoryEvent) throws -> Void) throws {
        try follow(event) { () throws(ClientError) in
            try client.generate(GenerateRequest(request, terms))
        }
    }
}

/// Gives a daemon's story to `event`.
///
/// A request that is refused is the same end as that of a story that failed.
func follow(
    _ event: (StoryEvent) throws -> Void, _ story: () throws(ClientError) -> Story
) throws {
    do {
        let story = try story()
        while let next = try story.next() {
            if let known = StoryEvent(next) { try event(known) }
        }
    } catch let error as ClientError {
        guard let refusal = RequestError(error) else { throw Failure(error) }
        try event(.failed(refusal))
    }
}

extension RequestError {
    /// `nil` if the daemon has not refused the request itself.
    fileprivate init?(_ error: ClientError) {
        guard let code = error.reason.flatMap(Code.init(rawValue:)) else { return nil }
        self.init(code, error.message, retryAfter: error.retryAfter)
    }
}

extension GenerateRequest {
    init(_ request: StoryRequest, _ terms: JobOptions) {
        self.init(
            prompt: request.prompt, scenes: request.scenes, images: request.images,
            steps: request.steps, seed: request.seed, guidance: request.guidance,
            guidanceRescale: request.guidanceRescale,
            scheduler: request.scheduler,
            schedulerOptions: optionsText(request.schedulerOptions), priority: terms.priority,
            onDisconnect: OnDisconnect(terms.onDisconnect),
            shortcuts: ShortcutOptions(request.shortcuts))
    }
}
