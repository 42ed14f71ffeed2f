internal import Foundation
internal import Wire

/// What the server answers without the engine.
enum Services {
    static let methods: [Wire.Method] = [
        .generate, .cancel, .listStages, .listGenerations, .swap, .apply, .rollback, .status,
        .version, .upgrade, .healthCheck,
    ]

    /// What a daemon that shuts down does not begin any more.
    static let needServing: Set<Wire.Method> = [.generate, .swap, .apply, .rollback]

    /// What is for the process that serves from now on, once there is one.
    static let needOffice: Set<Wire.Method> = [.swap, .apply, .rollback, .upgrade]

    /// Of this protocol: see `VersionReply`.
    private static let protocolVersion = 1

    /// - Returns: `nil` for a service that the server does not have.
    static func health(of service: String, isServing: Bool) -> HealthCheckResponse? {
        guard service.isEmpty || methods.contains(where: { $0.service == service }) else {
            return nil
        }
        return HealthCheckResponse(status: isServing ? .serving : .notServing)
    }

    /// The answer to a method that takes nothing.
    static func describe(_ core: ServerCore, _ method: Wire.Method) -> [UInt8] {
        let version = core.settings.version
        guard method != .version else {
            return VersionReply(version: version, protocol: protocolVersion).bytes
        }
        let status = core.backend.status()
        let generations = status.generations.map { GenerationInfo($0) }
        let stages = generations.first?.stages ?? []
        switch method {
        case .listGenerations: return ListGenerationsReply(generations: generations).bytes
        case .listStages:
            return ListStagesReply(
                pipeline: status.pipeline, generation: status.generation, stages: stages
            ).bytes
        default: break
        }
        return StatusReply(
            pid: Int(getpid()), version: version,
            uptimeMilliseconds: Int((ContinuousClock.now - core.began) / .milliseconds(1)),
            pipeline: status.pipeline, generation: status.generation, stages: stages,
            queued: status.queued, running: status.running, finished: status.finished,
            failed: status.failed, residentBytes: residentBytes(),
            connections: core.connectionCount, generations: generations, images: status.images,
            imageBytes: status.imageBytes,
            lastFailure: status.lastSwapFailure.map { SwapEvent.Failed($0) },
            cancelled: status.cancelled, ledgerBytes: status.ledgerBytes
        ).bytes
    }
}

/// The process' physical memory; 0 where the system does not say.
func residentBytes() -> Int {
    // /proc/self/statm: pages in all, pages resident, …
    let pages = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
        .split(separator: " ").dropFirst().first.flatMap { Int($0) }
    return (pages ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE)))
}
