public import EventLoop
internal import Glibc

/// The process that has started this one to serve in its place.
///
/// It hands over open descriptors, by the option ``option`` with their numbers: the listening
/// sockets, their lock files, and the end of a pipe to write to. What it reads there is lines:
/// `ready PID VERSION` once this process serves; any other is why it cannot.
public struct Predecessor: Sendable {
    /// Of `vokend`; not for people.
    public static let option = "--inherit"
    /// In place of the lock of a socket that a service manager has bound.
    private static let noLock = "-"

    public let listener: ListenerDescriptors
    /// Of the second socket.
    public let generateListener: ListenerDescriptors?
    private let pipe: Int32

    /// - Parameter text: `SOCKET,LOCK,PIPE`, or with a second socket `SOCKET,LOCK;SOCKET,LOCK,PIPE`.
    ///   The descriptors will not be inherited any further.
    /// - Returns: `nil` if these are not open descriptors beside the standard ones.
    public init?(_ text: String) {
        guard let comma = text.lastIndex(of: ","),
            let pipe = Int32(text[text.index(after: comma)...])
        else { return nil }
        var listeners: [ListenerDescriptors] = []
        for pair in text[..<comma].split(separator: ";", omittingEmptySubsequences: false) {
            let parts = pair.split(separator: ",", omittingEmptySubsequences: false)
            guard parts.count == 2, let socket = Int32(parts[0]) else { return nil }
            let lock = Int32(parts[1])
            guard lock != nil || parts[1] == Self.noLock else { return nil }
            listeners.append(ListenerDescriptors(socket: socket, lock: lock))
        }
        let numbers = listeners.flatMap { [$0.socket] + ($0.lock.map { [$0] } ?? []) } + [pipe]
        guard (1...2).contains(listeners.count), Set(numbers).count == numbers.count,
            numbers.allSatisfy({ $0 > 2 })
        else { return nil }
        for number in numbers {
            guard fcntl(number, F_SETFD, FD_CLOEXEC) == 0 else { return nil }
        }
        listener = listeners[0]
        generateListener = listeners.count > 1 ? listeners[1] : nil
        self.pipe = pipe
    }

    /// What ``init(_:)`` takes.
    static func text(_ listeners: [ListenerDescriptors], pipe: Int32) -> String {
        let pairs = listeners.map { "\($0.socket),\($0.lock.map(String.init) ?? noLock)" }
        return pairs.joined(separator: ";") + ",\(pipe)"
    }

    /// Says that this process serves. A predecessor that has gone meanwhile is no error: then
    /// nobody but this process serves.
    public func announce(version: String) {
        write("ready \(getpid()) \(version)\n")
        close(pipe)
    }

    /// Says why this process cannot serve; it should end then.
    public func report(_ reason: String) { write(reason + "\n") }

    private func write(_ text: String) {
        let bytes = Array(text.utf8)
        // Less than a pipe holds, and SIGPIPE is ignored.
        _ = unsafe Glibc.write(pipe, bytes, min(bytes.count, Successor.maximumOutput))
    }

    /// The arguments of a process without those that its predecessor has added.
    public static func strip(_ arguments: [String]) -> [String] {
        var rest = arguments[...]
        var kept: [String] = []
        while let argument = rest.popFirst() {
            if argument == option {
                rest = rest.dropFirst()
            } else if !argument.hasPrefix(option + "=") {
                kept.append(argument)
            }
        }
        return kept
    }
}
