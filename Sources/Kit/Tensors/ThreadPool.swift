import Glibc
import Synchronization

/// The threads that operations share their work among.
///
/// The threads take the pieces of an operation as they come. Where a sum runs over several pieces
/// they are cut by shapes alone, so results do not depend on how many threads there are.
public enum ThreadPool {
    private static let crew = Mutex<Crew?>(nil)
    private static let configured = Atomic<Int>(0)

    /// How many threads work on an operation, the caller included.
    public static var threads: Int {
        let count = configured.load(ordering: .relaxed)
        return count > 0 ? count : online
    }

    private static let online = max(sysconf(Int32(_SC_NPROCESSORS_ONLN)), 1)

    /// Sets how many threads work on an operation, the caller included. Without a call there are
    /// as many as CPUs online. Waits for an operation that is running.
    public static func configure(threads: Int) {
        precondition(threads >= 1, "\(threads) threads")
        crew.withLock {
            $0 = Crew(workers: threads - 1)
            configured.store(threads, ordering: .relaxed)
        }
    }

    /// Calls `body` with every index in `0..<count`, in no particular order, on several threads.
    ///
    /// Runs on the calling thread alone when the threads are busy, be it with another caller's
    /// operation or with the one that this call is a part of.
    public static func run(_ count: Int, _ body: (Int) -> Void) {
        guard count > 1 else {
            if count == 1 { body(0) }
            return
        }
        let shared: Void? = crew.withLockIfAvailable { crew in
            let team = crew ?? Crew(workers: online - 1)
            crew = team
            team.run(count, body)
        }
        if shared == nil { for index in 0..<count { body(index) } }
    }

    /// Calls `body` with ranges that cover `0..<count`, each of `grain` elements but the last.
    static func run(_ count: Int, grain: Int, _ body: (Range<Int>) -> Void) {
        run((count + grain - 1) / grain) { piece in
            body(piece * grain..<min((piece + 1) * grain, count))
        }
    }
}
