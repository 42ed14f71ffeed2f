import Dispatch
import EventLoop
import Foundation
import Synchronization
import Testing

/// Answers each caller by one byte, its name.
private final class Greeter: Sendable {
    let listener: LoopBound<PipeListener>
    let callers = Waiter<UInt8>()

    init(
        _ name: UInt8, _ loop: Loop, _ path: String,
        inheriting descriptors: ListenerDescriptors? = nil
    ) throws {
        listener = try loop.sync { [callers] () throws(EventLoopError) in
            let greet = { (connection: PipeConnection, _: Peer) in
                callers.put(name)
                connection.start()
                connection.write([[name]])
            }
            guard let descriptors else {
                return LoopBound(try PipeListener(path: path, loop: loop, greet), to: loop)
            }
            return LoopBound(
                try PipeListener(
                    inheriting: descriptors, path: path, loop: loop, greet),
                to: loop)
        }
    }

    func descriptors(_ loop: Loop) throws -> ListenerDescriptors {
        try loop.sync { [listener] () throws(EventLoopError) in
            try listener.value.duplicateDescriptors()
        }
    }

    func handOver(_ loop: Loop) throws { try loop.sync { [listener] in listener.value.handOver() } }
}

/// Connects and waits for the greeting.
///
/// - Returns: who has answered; `nil` if nobody did. Refusals are thrown.
private func call(_ loop: Loop, _ path: String) throws -> UInt8? {
    let answers = Waiter<UInt8?>()
    try loop.sync { () throws(EventLoopError) in
        let connection = try PipeConnection.connect(to: path, loop: loop)
        connection.onRead = { [unowned connection] bytes in
            answers.put(bytes[0])
            connection.close()
        }
        connection.onClose = { _ in answers.put(nil) }
        connection.start()
    }
    return answers.take() ?? nil
}

/// A listener that is handed from one process to another; here, from one loop to another.
struct HandOverTests {
    private let directory = TemporaryDirectory()

    private func canBind() throws -> Bool {
        try withLoop { loop in
            do {
                _ = try Greeter(0, loop, directory.socket)
                return true
            } catch let error as EventLoopError {
                #expect(error.code == .addressInUse)
                return false
            }
        }
    }

    @Test func noCallerIsRefusedAndNobodyElseGetsThePath() throws {
        let path = directory.socket
        try withLoop { oldLoop in
            let old = try Greeter(1, oldLoop, path)
            let isOver = Atomic(false)
            let failures = Mutex<[String]>([])
            let answers = Mutex<[UInt8]>([])
            try withLoop { newLoop in
                let group = DispatchGroup()
                for _ in 0..<4 {
                    Thread.detachNewThread(in: group) {
                        do {
                            try withLoop { loop in
                                while !isOver.load(ordering: .relaxed) {
                                    let answer = try call(loop, path)
                                    guard let answer else {
                                        return failures.withLock { $0.append("no answer") }
                                    }
                                    answers.withLock { $0.append(answer) }
                                }
                            }
                        } catch {
                            failures.withLock { $0.append("\(error)") }
                        }
                    }
                }
                usleep(50_000)
                let new = try Greeter(2, newLoop, path, inheriting: old.descriptors(oldLoop))
                usleep(50_000)
                #expect(try !canBind())
                try old.handOver(oldLoop)
                #expect(try !canBind())
                answers.withLock { $0 = [] }
                usleep(50_000)
                isOver.store(true, ordering: .relaxed)
                group.wait()
                #expect(new.callers.take(0) == 2)
                #expect(FileManager.default.fileExists(atPath: path))
            }
            #expect(failures.withLock { $0 } == [])
            #expect(answers.withLock { $0.count } > 20)
            #expect(answers.withLock { $0.suffix(10).allSatisfy { $0 == 2 } })
        }
        #expect(!FileManager.default.fileExists(atPath: path), "the last removes the socket")
        #expect(try canBind())
    }

    @Test func oldOneThatStaysGoesOn() throws {
        try withLoop { loop in
            let old = try Greeter(1, loop, directory.socket)
            let descriptors = try old.descriptors(loop)
            descriptors.close()  // the heir has failed
            #expect(try call(loop, directory.socket) == 1)
            #expect(try !canBind())
        }
        #expect(!FileManager.default.fileExists(atPath: directory.socket))
    }

    @Test func callersWhoWaitAreServedByTheHeir() throws {
        try withLoop { loop in
            let path = directory.socket
            let old = try Greeter(1, loop, path)
            let descriptors = try old.descriptors(loop)
            try old.handOver(loop)
            // Nobody takes callers, yet none is refused: they are in the kernel's queue.
            let answers = (0..<3).map { _ in Waiter<UInt8>() }
            for answer in answers {
                try loop.sync { () throws(EventLoopError) in
                    let connection = try PipeConnection.connect(to: path, loop: loop)
                    connection.onRead = { bytes in answer.put(bytes[0]) }
                    connection.start()
                }
            }
            let new = try Greeter(2, loop, path, inheriting: descriptors)
            for answer in answers { #expect(answer.take() == 2) }
            withExtendedLifetime(new) {}
        }
    }

    @Test func whatIsNotTheListenerIsRefused() throws {
        try withLoop { loop in
            let path = directory.socket
            let listener = try Greeter(1, loop, path)
            let other = try Greeter(2, loop, directory.path + "/other")
            func refusal(
                _ change: (inout ListenerDescriptors) throws -> Void
            ) throws -> EventLoopError? {
                var descriptors = try listener.descriptors(loop)
                try change(&descriptors)
                return #expect(throws: EventLoopError.self) {
                    _ = try Greeter(3, loop, path, inheriting: descriptors)
                }
            }
            let file = try refusal {
                close($0.socket)
                $0.socket = dup($0.lock ?? -1)
            }
            #expect(file?.code == .notASocket)
            let elsewhere = try refusal {
                $0.close()
                $0.socket = try other.descriptors(loop).socket
                $0.lock = try listener.descriptors(loop).lock
            }
            #expect(elsewhere?.message.contains(directory.path + "/other") == true)
            let otherLock = try refusal {
                close($0.lock ?? -1)
                $0.lock = try other.descriptors(loop).lock
            }
            #expect(otherLock?.code == .addressInUse)
            let openedAnew = try refusal {
                close($0.lock ?? -1)
                $0.lock = unsafe open(path + ".lock", O_RDWR | O_CLOEXEC)
            }
            #expect(openedAnew?.code == .addressInUse)
            #expect(try call(loop, path) == 1)
            // A socket that nobody could find.
            let descriptors = try listener.descriptors(loop)
            unsafe unlink(path)
            #expect(throws: EventLoopError.self) {
                _ = try Greeter(3, loop, path, inheriting: descriptors)
            }
        }
    }

    /// What a service manager has bound is neither locked nor removed.
    @Test func managedSocketIsLeftWhereItIs() throws {
        let path = directory.socket
        let manager = try #require(listeningSocket(at: path))
        defer { close(manager) }
        try withLoop { loop in
            let descriptors = try ListenerDescriptors(managed: dup(manager))
            #expect(try descriptors.requirePath() == path)
            let listener = try Greeter(1, loop, path, inheriting: descriptors)
            #expect(try call(loop, path) == 1)
            #expect(!FileManager.default.fileExists(atPath: path + ".lock"))
            // It can be handed over as it is, without a lock.
            let copy = try listener.descriptors(loop)
            #expect(copy.lock == nil)
            let heir = try Greeter(2, loop, path, inheriting: copy)
            try listener.handOver(loop)
            #expect(try call(loop, path) == 2)
            withExtendedLifetime(heir) {}
            // Who does not get it from the manager does not get it.
            #expect(try !canBind())
        }
        #expect(FileManager.default.fileExists(atPath: path))
    }

    @Test func whatAManagerMayNotHandOverIsRefused() throws {
        let file = unsafe open("/dev/null", O_RDONLY)
        let bound = try #require(boundSocket(at: directory.socket))
        let internet = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        listen(internet, 1)
        let nowhere = try #require(
            listeningSocket(at: "\0voken-\(UInt32.random(in: 0...UInt32.max))"))
        for descriptor in [file, bound, internet, nowhere, 900_000] {
            let error = #expect(throws: EventLoopError.self) {
                _ = try ListenerDescriptors(managed: descriptor)
            }
            #expect(error?.code == .notASocket)
            close(descriptor)
        }
    }

    @Test func handedOverListenerCannotBeHandedOverAgain() throws {
        try withLoop { loop in
            let listener = try Greeter(1, loop, directory.socket)
            let descriptors = try listener.descriptors(loop)
            try listener.handOver(loop)
            let error = #expect(throws: EventLoopError.self) {
                _ = try listener.descriptors(loop)
            }
            #expect(error?.code == .stopped)
            descriptors.close()
        }
        #expect(FileManager.default.fileExists(atPath: directory.socket))
        #expect(try canBind(), "with the last descriptor the lock is free")
    }
}

extension Thread {
    fileprivate static func detachNewThread(
        in group: DispatchGroup, _ work: @escaping @Sendable () -> Void
    ) {
        group.enter()
        detachNewThread {
            work()
            group.leave()
        }
    }
}
