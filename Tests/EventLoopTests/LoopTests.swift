import EventLoop
import Foundation
import Synchronization
import Testing

struct LoopTests {
    @Test func worksRunInOrderOnTheLoopsThread() throws {
        let seen = Mutex<[Int]>([])
        try withLoop { loop in
            for number in 0..<1000 {
                loop.execute {
                    loop.assertCurrent()
                    seen.withLock { $0.append(number) }
                }
            }
            let seven = try loop.sync { 7 }
            #expect(seven == 7)
            #expect(!loop.isCurrent)
        }
        #expect(seen.withLock { $0 } == Array(0..<1000))
    }

    @Test func worksOfManyThreadsAllRun() throws {
        let count = Atomic(0)
        try withLoop { loop in
            DispatchQueue.concurrentPerform(iterations: 8) { _ in
                for _ in 0..<1000 {
                    loop.execute { count.add(1, ordering: .relaxed) }
                }
            }
        }
        #expect(count.load(ordering: .relaxed) == 8000, "stop runs what was posted before it")
    }

    @Test func stoppedLoopTakesNoMore() throws {
        let loop = try Loop()
        loop.stopAndWait()
        loop.stopAndWait()
        #expect(!loop.execute {})
        let error = #expect(throws: EventLoopError.self) { try loop.sync {} }
        #expect(error?.code == .stopped)
    }

    @Test func loopMayStopItself() throws {
        let loop = try Loop()
        loop.execute { loop.stop() }
        loop.stopAndWait()
    }

    @Test func timersFireOnceAndRepeat() throws {
        let once = Waiter<Duration>()
        let repeated = Waiter<Int>()
        try withLoop { loop in
            let began = ContinuousClock.now
            loop.execute {
                Timer(loop: loop).start(after: .milliseconds(30)) {
                    once.put(ContinuousClock.now - began)
                }
                var count = 0
                let timer = Timer(loop: loop)
                timer.start(after: .milliseconds(1), repeating: .milliseconds(1)) {
                    count += 1
                    repeated.put(count)
                    if count == 3 { timer.close() }
                }
            }
            let elapsed = try #require(once.take())
            #expect(elapsed >= .milliseconds(29))
            #expect([repeated.take(), repeated.take(), repeated.take()] == [1, 2, 3])
            #expect(repeated.take(0.05) == nil)
            #expect(once.take(0.05) == nil)
        }
    }

    @Test func stoppedTimerDoesNotFire() throws {
        let fired = Waiter<Bool>()
        try withLoop { loop in
            loop.execute {
                let timer = Timer(loop: loop)
                timer.start(after: .milliseconds(20)) { fired.put(true) }
                timer.stop()
            }
            #expect(fired.take(0.1) == nil)
        }
    }

    @Test func afterCallbacksRunsBeforeTheLoopSleeps() throws {
        let done = Waiter<String>()
        try withLoop { loop in
            loop.execute {
                loop.afterCallbacks {
                    done.put("from the mailbox")
                    loop.afterCallbacks { done.put("from itself") }
                }
                Timer(loop: loop).start(after: .milliseconds(5)) {
                    loop.afterCallbacks { done.put("from a timer") }
                }
            }
            #expect(done.take() == "from the mailbox")
            #expect(done.take() == "from itself")
            #expect(done.take() == "from a timer")
        }
    }

    @Test func signalsArriveOnTheLoop() throws {
        let got = Waiter<Bool>()
        try withLoop { loop in
            try loop.sync { _ = Signal(SIGUSR2, loop: loop) { got.put(loop.isCurrent) } }
            kill(getpid(), SIGUSR2)
            #expect(got.take() == true)
        }
    }

    @Test func handlesLeftOpenAreClosedByStop() throws {
        let files = try openFiles()
        for _ in 0..<20 {
            try withLoop { loop in
                try loop.sync {
                    for _ in 0..<10 { Timer(loop: loop).start(after: .seconds(1000)) {} }
                }
            }
        }
        #expect(try openFiles() <= files + 8, "other tests may have some open")
    }
}
