internal import Foundation
internal import Wire

/// What the server offers, and to whom.
enum Services {
    /// When a method may be called, and by whom.
    struct Rule {
        var access = Access.generate
        /// Whether a daemon that shuts down does not begin it any more.
        var needsServing = false
        /// Whether it is for the process that serves from now on, once there is one.
        var needsOffice = false

        static let asking = Rule()
        static let working = Rule(needsServing: true)
        static let changing = Rule(access: .administer, needsServing: true, needsOffice: true)
        static let operating = Rule(access: .administer)
    }

    static let rules: [Wire.Method: Rule] = [
        .generate: .working, .submit: .working, .watch: .asking, .poll: .asking, .cancel: .asking,
        .listJobs: .asking, .getJob: .asking, .getArtifact: .asking,

        .createSession: .working, .sendTurn: .working, .submitTurn: .working,
        .getSession: .asking, .listSessions: .asking, .forkSession: .working,
        .truncateSession: .working, .exportSession: .asking, .importSession: .working,
        .deleteSession: .asking,

        .getPipeline: .asking, .validate: .operating, .watchGenerations: .asking,
        .listImplementations: .operating, .listStages: .asking, .listGenerations: .asking,
        .swap: .changing, .apply: .changing, .rollback: .changing,

        .status: .asking, .version: .asking, .stats: .asking, .metrics: .asking,
        .getDescriptors: .asking, .logs: .operating, .setLogLevel: .operating,
        .drain: .operating, .stop: .operating,
        .upgrade: Rule(access: .administer, needsOffice: true),

        .healthCheck: .asking, .healthWatch: .asking, .healthList: .asking,
        .reflection: .asking, .reflectionAlpha: .asking,
    ]

    static let methods = Array(rules.keys)

    /// Fully qualified, sorted.
    static let names = Set(methods.map(\.service)).sorted()

    /// Of this protocol: see `VersionReply`.
    static let protocolVersion = 1
}

/// The process' physical memory; 0 where the system does not say.
func residentBytes() -> Int {
    // /proc/self/statm: pages in all, pages resident, …
    let pages = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
        .split(separator: " ").dropFirst().first.flatMap { Int($0) }
    return (pages ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE)))
}
