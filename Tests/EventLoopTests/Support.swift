import Dispatch
import EventLoop
import Foundation
import Synchronization
import Testing

/// A new directory with a short name, removed at the end.
final class TemporaryDirectory: Sendable {
    let path: String

    init() {
        path = "/tmp/voken-\(UInt32.random(in: 0...UInt32.max))"
        _ = unsafe mkdir(path, 0o700)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    var socket: String { path + "/s" }
}

/// A value that one thread sets and another waits for.
final class Waiter<Value: Sendable>: Sendable {
    private let values = Mutex<[Value]>([])
    private let arrivals = DispatchSemaphore(value: 0)

    func put(_ value: Value) {
        values.withLock { $0.append(value) }
        arrivals.signal()
    }

    /// The next value; `nil` after `seconds` without.
    func take(_ seconds: Double = 20) -> Value? {
        guard arrivals.wait(timeout: .now() + seconds) == .success else { return nil }
        return values.withLock { $0.removeFirst() }
    }
}

/// A loop that is stopped at the end: if any handle is left then, it traps.
func withLoop<Value>(_ body: (Loop) throws -> Value) throws -> Value {
    let loop = try Loop()
    defer { loop.stopAndWait() }
    return try body(loop)
}

func array(_ bytes: Span<UInt8>) -> [UInt8] { bytes.indices.map { bytes[$0] } }

/// The process' open files.
func openFiles() throws -> Int {
    try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
}

/// A socket that some other program has bound; one that begins with a zero byte is abstract.
///
/// - Returns: `nil` if it cannot be.
func boundSocket(at path: String) -> Int32? {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    let status = unsafe withAddress(path) { unsafe bind(descriptor, $0, $1) }
    if status == 0 { return descriptor }
    close(descriptor)
    return nil
}

/// The same, and it listens.
func listeningSocket(at path: String) -> Int32? {
    guard let descriptor = boundSocket(at: path) else { return nil }
    listen(descriptor, 8)
    return descriptor
}

/// Connects a socket that blocks.
func connect(_ descriptor: Int32, to path: String) -> Bool {
    unsafe withAddress(path) { unsafe connect(descriptor, $0, $1) } == 0
}

private func withAddress(
    _ path: String, _ use: (UnsafePointer<sockaddr>, socklen_t) -> Int32
) -> Int32 {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
    let count = path.hasPrefix("\0") ? 2 + path.utf8.count : MemoryLayout<sockaddr_un>.size
    return unsafe withUnsafePointer(to: address) { address in
        unsafe use(
            UnsafeRawPointer(address).assumingMemoryBound(to: sockaddr.self), socklen_t(count))
    }
}
