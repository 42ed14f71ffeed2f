internal import Wire

// grpc.reflection.v1: https://github.com/grpc/grpc/blob/master/doc/server-reflection.md
extension ServerSession {
    func answerReflection(_ stream: UInt32) { take(inputOf: stream, ReflectionInput(self, stream)) }
}

/// Answers each question of a stream.
private final class ReflectionInput: CallInput {
    private unowned let session: ServerSession
    private let stream: UInt32
    /// Names of files that the caller has by now.
    private var sent: Set<String> = []

    init(_ session: ServerSession, _ stream: UInt32) {
        self.session = session
        self.stream = stream
    }

    func receive(_ message: [UInt8]) {
        do throws(WireError) {
            let request = try ReflectionRequest(message)
            let response = ReflectionResponse(
                host: request.host, request: request, answer: answer(request.query))
            session.send(response.bytes, on: stream)
        } catch {
            session.fail(stream, session.badMessage(error, count: message.count))
        }
    }

    func end() { session.finish(stream) }

    private func answer(_ query: ReflectionRequest.Query) -> ReflectionResponse.Answer {
        switch query {
        case .services: .services(Services.names)
        case .fileByName(let name): files { $0.name == name }
        case .fileContainingSymbol(let symbol): files { $0.symbols.contains(symbol) }
        case .fileContainingExtension, .extensionNumbers:
            .error(.notFound, "there are no extensions here")
        case .unknown: .error(.invalidArgument, "a question of no known kind")
        }
    }

    /// A file, after those that it imports, but for what was sent already.
    private func files(_ matches: (Descriptors.File) -> Bool) -> ReflectionResponse.Answer {
        guard let file = Descriptors.files.first(where: matches) else {
            return .error(.notFound, "not found")
        }
        var wanted: Set<String> = [file.name]
        // Each file comes after those that it imports.
        for other in Descriptors.files.reversed() where wanted.contains(other.name) {
            wanted.formUnion(other.dependencies)
        }
        let files = Descriptors.files.filter { wanted.contains($0.name) && !sent.contains($0.name) }
        sent.formUnion(wanted)
        return .files(files.map(\.bytes))
    }
}
