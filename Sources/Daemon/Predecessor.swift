public import EventLoop
internal import Glibc

/// The process that has started this one to serve in its place.
///
/// It hands over three open descriptors, by the option ``option`` with their numbers: the listening
/// socket, the lock file, and the end of a pipe to write to. What it reads there is lines:
/// `ready PID VERSION` once this process serves; any other is why it cannot.
public struct Predecessor: Sendable {
    /// Of `vokend`; not for people.
    public static let option = "--inherit"

    public let listener: ListenerDescriptors
    private let pipe: Int32

    /// - Parameter text: `SOCKET,LOCK,PIPE`. The descriptors will not be inherited any further.
    /// - Returns: `nil` if these are not three open descriptors beside the standard ones.
    public init?(_ text: String) {
        let numbers = text.split(separator: ",", omittingEmptySubsequences: false)
            .map { Int32($0) ?? -1 }
        guard numbers.count == 3, Set(numbers).count == 3, numbers.allSatisfy({ $0 > 2 }) else {
            return nil
        }
        for number in numbers {
            guard fcntl(number, F_SETFD, FD_CLOEXEC) == 0 else { return nil }
        }
        listener = ListenerDescriptors(socket: numbers[0], lock: numbers[1])
        pipe = numbers[2]
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
