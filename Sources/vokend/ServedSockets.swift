import ArgumentParser
import Daemon
import EventLoop
import Glibc
import Pipelines

/// The sockets of this process: bound by itself, by a service manager, or by the process that this
/// one is an upgrade of.
struct ServedSockets {
    let path: String
    private let inherited: ListenerDescriptors?
    private let generate: Server.GenerateSocket?

    /// - Parameters:
    ///   - main, generate: the paths that the arguments name.
    init(
        main: String?, generate: String?, generateMode: UInt32, _ predecessor: Predecessor?
    ) throws {
        let activated = try ActivatedSockets()
        inherited = predecessor?.listener ?? activated.main
        path = try Self.path(main, of: inherited, "--socket") ?? Installation.socketPaths[0]
        let descriptors = predecessor?.generateListener ?? activated.generate
        guard let path = try Self.path(generate, of: descriptors, "--generate-socket") else {
            self.generate = nil
            return
        }
        guard path != self.path else {
            throw ValidationError("--socket and --generate-socket are the same path")
        }
        var socket = Server.GenerateSocket(path: path)
        socket.mode = generateMode
        socket.inherited = descriptors
        self.generate = socket
    }

    func configure(_ settings: inout Server.Settings) {
        settings.inherited = inherited
        settings.generateSocket = generate
    }

    /// - Returns: where the socket is bound, or the path that was asked for.
    private static func path(
        _ wanted: String?, of descriptors: ListenerDescriptors?, _ option: String
    ) throws -> String? {
        guard let bound = try descriptors?.requirePath() else { return wanted }
        guard wanted == nil || wanted == bound else {
            throw ValidationError(
                """
                \(option) is \(wanted ?? ""), but the socket that was handed over is bound to \
                \(bound): leave the option out
                """)
        }
        return bound
    }
}
