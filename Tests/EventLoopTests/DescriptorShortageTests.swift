import EventLoop
import Foundation
import Synchronization
import Testing

/// A listener whose process has no descriptor left: each test in a process of its own.
struct DescriptorShortageTests {
    /// Uses all descriptors up but some.
    private static func exhaust(leaving count: Int) -> [Int32] {
        var limit = rlimit(rlim_cur: 256, rlim_max: 256)
        unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        var taken: [Int32] = []
        while true {
            let descriptor = dup(0)
            guard descriptor >= 0 else { break }
            taken.append(descriptor)
        }
        for descriptor in taken.suffix(count) { close(descriptor) }
        return taken.dropLast(count)
    }

    /// Each caller is turned away once; those who come when there is room are served.
    @Test func callersAreTurnedAwayWithoutATurnTooMany() async {
        await #expect(processExitsWith: .success) {
            let directory = TemporaryDirectory()
            let refusals = Waiter<PipeListener.Refusal>()
            let served = Waiter<Bool>()
            try withLoop { loop in
                try loop.sync { [path = directory.socket] () throws(EventLoopError) in
                    let listener = try PipeListener(path: path, loop: loop) { connection, _ in
                        connection.start()
                        served.put(true)
                    }
                    listener.onRefusal = { refusals.put($0) }
                }
                // Callers have their descriptors before there are no more.
                let callers = (0..<5).map { _ in socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0) }
                let taken = DescriptorShortageTests.exhaust(leaving: 0)
                for caller in callers {
                    #expect(connect(caller, to: directory.socket))
                    var byte: UInt8 = 0
                    #expect(unsafe read(caller, &byte, 1) == 0, "cut off without a byte")
                    #expect(refusals.take() == .noDescriptors)
                }
                for descriptor in taken { close(descriptor) }
                let late = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
                #expect(connect(late, to: directory.socket))
                #expect(served.take() == true)
                #expect(refusals.take(0) == nil)
            }
        }
    }

    /// Without even the descriptor that is kept for this, callers wait, and the loop sleeps.
    @Test func callersWaitWhenNobodyCanBeTurnedAway() async {
        await #expect(processExitsWith: .success) {
            let directory = TemporaryDirectory()
            let served = Waiter<Bool>()
            let refused = Waiter<PipeListener.Refusal>()
            try withLoop { loop in
                let descriptors = try loop.sync {
                    [path = directory.socket]
                    () throws(EventLoopError) in
                    let listener = try PipeListener(path: path, loop: loop) { _, _ in }
                    let descriptors = try listener.duplicateDescriptors()
                    listener.handOver()
                    return descriptors
                }
                try loop.sync {}  // by then the old one has given its descriptors back
                let caller = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
                let taken = DescriptorShortageTests.exhaust(leaving: 0)
                #expect(connect(caller, to: directory.socket))
                try loop.sync { [path = directory.socket] () throws(EventLoopError) in
                    let listener = try PipeListener(
                        inheriting: descriptors, path: path, loop: loop
                    ) { connection, _ in
                        connection.start()
                        served.put(true)
                    }
                    listener.onRefusal = { refused.put($0) }
                }
                #expect(served.take(0.3) == nil && refused.take(0) == nil)
                close(taken[0])
                close(taken[1])
                #expect(served.take() == true)
            }
        }
    }
}
