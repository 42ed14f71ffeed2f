internal import Foundation
internal import Wire

/// What the server answers without the engine.
enum Services {
    static let methods: [Wire.Method] = [
        .generate, .cancel, .listStages, .status, .version, .healthCheck,
    ]

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
        let stages = status.stages.map { StageInfo($0, generation: status.generation) }
        guard method != .listStages else {
            return ListStagesReply(
                pipeline: status.pipeline, generation: status.generation, stages: stages
            ).bytes
        }
        return StatusReply(
            pid: Int(getpid()), version: version,
            uptimeMilliseconds: Int((ContinuousClock.now - core.began) / .milliseconds(1)),
            pipeline: status.pipeline, generation: status.generation, stages: stages,
            queued: status.queued, running: status.running, finished: status.finished,
            failed: status.failed, residentBytes: residentBytes(),
            connections: core.connectionCount,
            generations: [
                GenerationInfo(
                    number: status.generation, state: .serving, holders: [], stages: stages,
                    ownBytes: 0)
            ],
            images: 0, imageBytes: 0, lastFailure: nil, cancelled: 0, ledgerBytes: 0
        ).bytes
    }

    /// The process' physical memory; 0 where the system does not say.
    private static func residentBytes() -> Int {
        // /proc/self/statm: pages in all, pages resident, …
        let pages = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
            .split(separator: " ").dropFirst().first.flatMap { Int($0) }
        return (pages ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE)))
    }
}
