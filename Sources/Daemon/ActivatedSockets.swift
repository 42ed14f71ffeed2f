public import EventLoop
internal import Glibc

/// The sockets that a service manager has bound for this process: sd_listen_fds(3).
public struct ActivatedSockets: Sendable {
    /// In the unit of a socket, `FileDescriptorName=` of the one on which everything can be asked,
    public static let mainName = "voken"
    /// and of the one on which stories can.
    public static let generateName = "generate"
    /// The first descriptor that is handed over.
    private static let first: Int32 = 3

    public let main: ListenerDescriptors?
    public let generate: ListenerDescriptors?

    /// Takes them over from the environment, whose variables are removed: they are not meant for
    /// the children of this process.
    ///
    /// A single socket is the main one, whatever it is called, unless it is called `generate`.
    /// - Throws: if what is handed over cannot be served.
    public init(
        _ variable: (String) -> String? = ServiceManager.environment
    ) throws(EventLoopError) {
        let names = ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"]
        let values = names.map(variable)
        for name in names + ["LISTEN_PIDFDID"] { unsafe unsetenv(name) }
        guard values[0] == "\(getpid())", let text = values[1] else {
            (main, generate) = (nil, nil)
            return
        }
        guard let count = Int32(text), (0...2).contains(count) else {
            throw EventLoopError(
                .notASocket,
                """
                LISTEN_FDS is "\(text)": the service manager hands over two sockets at most, \
                FileDescriptorName=\(Self.mainName) and \(Self.generateName)
                """)
        }
        var called = (values[2] ?? "").split(separator: ":", omittingEmptySubsequences: false)
        if count == 1, called.first.map({ $0 != Self.generateName }) ?? true {
            called = [Self.mainName[...]]
        }
        var sockets: [Substring: ListenerDescriptors] = [:]
        for (index, name) in zip(0..<count, called) {
            sockets[name] = try ListenerDescriptors(managed: Self.first + index)
        }
        main = sockets.removeValue(forKey: Self.mainName[...])
        generate = sockets.removeValue(forKey: Self.generateName[...])
        let known = (main == nil ? 0 : 1) + (generate == nil ? 0 : 1)
        guard sockets.isEmpty, known == count else {
            throw EventLoopError(
                .notASocket,
                """
                LISTEN_FDNAMES is "\(values[2] ?? "")" for \(count) sockets: name one \
                FileDescriptorName=\(Self.mainName), the other \(Self.generateName)
                """)
        }
    }
}
