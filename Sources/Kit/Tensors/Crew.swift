internal import CKernels
import Glibc
import Synchronization

/// A fixed number of worker threads that run one parallel loop at a time.
///
/// A loop is announced by `round`; a worker joins it through `gate`, which the owner closes when
/// every index is taken, so that nobody waits for a worker that woke too late to help. Waiting
/// starts with a short spin, since most loops follow each other closely, and ends asleep.
///
/// `@unchecked Sendable`: `loop` is written by the owner while the gate is closed and nobody is
/// inside, and read by workers only after they entered.
@safe final class Crew: @unchecked Sendable {
    /// Valid while the gate is open or somebody is inside.
    @safe private struct Loop {
        var count = 0
        var body: UnsafePointer<(Int) -> Void>?
    }

    private static let spins = 4000

    private let members: Members
    private var threads: [pthread_t] = []

    /// What the threads share; apart from `Crew`, so that they do not keep it alive.
    @safe private final class Members: @unchecked Sendable {
        var loop = Loop()
        let next = Atomic<Int>(0)
        /// Bit 0: open. Above it, the number of workers inside.
        let gate = Atomic<Int>(0)
        let round = Atomic<Int>(0)
        let stopped = Atomic<Bool>(false)
        let condition = Condition()

        func work() {
            var seen = 0
            while true {
                var spin = 0
                while round.load(ordering: .acquiring) == seen {
                    spin += 1
                    if spin < Crew.spins {
                        voken_relax()
                    } else {
                        condition.wait(until: { round.load(ordering: .acquiring) != seen })
                    }
                }
                seen = round.load(ordering: .acquiring)
                if stopped.load(ordering: .acquiring) { return }
                guard enter() else { continue }
                takeIndices()
                leave()
            }
        }

        func takeIndices() {
            guard let body = unsafe loop.body else { return }
            let count = loop.count
            while true {
                let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
                guard index < count else { return }
                unsafe body.pointee(index)
            }
        }

        private func enter() -> Bool {
            var state = gate.load(ordering: .relaxed)
            while state & 1 == 1 {
                let (exchanged, original) = gate.compareExchange(
                    expected: state, desired: state + 2, ordering: .acquiring)
                if exchanged { return true }
                state = original
            }
            return false
        }

        private func leave() {
            if gate.wrappingSubtract(2, ordering: .acquiringAndReleasing).newValue == 0 {
                condition.wakeAll()
            }
        }
    }

    init(workers: Int) {
        members = Members()
        for _ in 0..<workers {
            var thread = pthread_t()
            let argument = unsafe Unmanaged.passRetained(members)
            let status = unsafe pthread_create(
                &thread, nil,
                { argument in
                    // Signals belong to the program's own threads.
                    var all = sigset_t()
                    unsafe sigfillset(&all)
                    unsafe pthread_sigmask(SIG_BLOCK, &all, nil)
                    guard let argument = unsafe argument else { return nil }
                    unsafe Unmanaged<Members>.fromOpaque(argument).takeRetainedValue().work()
                    return nil
                }, argument.toOpaque())
            // With fewer threads than asked for the work is slower, and the same.
            guard status == 0 else {
                unsafe argument.release()
                break
            }
            threads.append(thread)
        }
    }

    deinit {
        members.stopped.store(true, ordering: .releasing)
        announce()
        for thread in threads { pthread_join(thread, nil) }
    }

    /// Calls `body` with every index in `0..<count`, on the workers and on the calling thread.
    /// One call at a time: the caller holds the pool's lock.
    func run(_ count: Int, _ body: (Int) -> Void) {
        guard !threads.isEmpty else {
            for index in 0..<count { body(index) }
            return
        }
        withoutActuallyEscaping(body) { body in
            unsafe withUnsafePointer(to: body) { body in
                unsafe members.loop = Loop(count: count, body: body)
                members.next.store(0, ordering: .relaxed)
                members.gate.store(1, ordering: .releasing)
                announce()
                members.takeIndices()
                members.gate.wrappingSubtract(1, ordering: .acquiringAndReleasing)
                waitForWorkers()
                unsafe members.loop.body = nil
            }
        }
    }

    private func announce() {
        members.round.wrappingAdd(1, ordering: .acquiringAndReleasing)
        members.condition.wakeAll()
    }

    private func waitForWorkers() {
        for _ in 0..<Self.spins {
            if members.gate.load(ordering: .acquiring) == 0 { return }
            voken_relax()
        }
        members.condition.wait(until: { members.gate.load(ordering: .acquiring) == 0 })
    }
}
