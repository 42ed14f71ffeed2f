internal import CUV
internal import Dispatch
internal import Glibc
internal import Synchronization

/// A libuv loop on a thread of its own, with a mailbox.
///
/// Connections, timers and all other handles are used on that thread alone; ``execute(_:)`` and
/// ``sync(_:)`` are the ways in. Nothing that computes belongs there.
///
/// The thread blocks all signals but those of its own faults. So a write to a peer that has gone
/// does not raise SIGPIPE, without a change to the process's disposition, and reads are not
/// interrupted.
///
/// `@unchecked Sendable`: the mailbox is locked, `uv_async_send` may be called anywhere, and the
/// rest is touched only by the loop's thread once that runs.
@safe public final class Loop: @unchecked Sendable {
    private struct Mailbox {
        var works: [@Sendable () -> Void] = []
        var isStopping = false
    }

    /// One buffer for all reads: they are handed on before the next begins.
    static let readCount = 64 << 10

    private let raw: UnsafeMutablePointer<uv_loop_t>
    private let wake: UnsafeMutablePointer<uv_async_t>
    let readBuffer: UnsafeMutablePointer<CChar>
    private let mailbox = Mutex(Mailbox())
    private var thread = pthread_t()
    private let started = DispatchSemaphore(value: 0)
    private let ended = DispatchSemaphore(value: 0)
    private var deferred: [() -> Void] = []

    /// Starts the thread.
    public init() throws(EventLoopError) {
        unsafe raw = .allocate(capacity: 1)
        unsafe wake = .allocate(capacity: 1)
        unsafe readBuffer = .allocate(capacity: Loop.readCount)
        var status = unsafe uv_loop_init(raw)
        if status == 0 {
            status = unsafe uv_async_init(raw, wake) { wake in
                unsafe Loop.from(wake?.pointee.loop)?.drainMailbox()
            }
            if status != 0 { unsafe uv_loop_close(raw) }
        }
        guard status == 0 else { throw EventLoopError(uv: status, "cannot make an event loop") }
        unsafe wake.pointee.data = nil  // not the handle of a Swift object
        unsafe uv_loop_set_data(raw, Unmanaged.passUnretained(self).toOpaque())
        startThread()
        started.wait()
    }

    deinit {
        unsafe raw.deallocate()
        unsafe wake.deallocate()
        unsafe readBuffer.deallocate()
    }

    private static func from(_ loop: UnsafeMutablePointer<uv_loop_t>?) -> Loop? {
        guard let loop = unsafe loop, let data = unsafe uv_loop_get_data(loop) else { return nil }
        return unsafe Unmanaged<Loop>.fromOpaque(data).takeUnretainedValue()
    }

    /// For the `uv_…_init` functions.
    var uv: UnsafeMutablePointer<uv_loop_t> { unsafe raw }

    public var isCurrent: Bool { pthread_equal(pthread_self(), thread) != 0 }

    /// - Precondition: on the loop's thread.
    public func assertCurrent() { precondition(isCurrent, "called off the loop's thread") }
}

// MARK: - The mailbox

extension Loop {
    /// Runs `work` on the loop's thread, after what was posted before.
    ///
    /// - Returns: `false` if the loop has been stopped, and will not.
    @discardableResult
    public func execute(_ work: @escaping @Sendable () -> Void) -> Bool {
        mailbox.withLock { mailbox in
            guard !mailbox.isStopping else { return false }
            // Only the first needs to wake the loop. Under the lock: a stop must not close the
            // handle in between.
            if mailbox.works.isEmpty { unsafe uv_async_send(wake) }
            mailbox.works.append(work)
            return true
        }
    }

    /// Runs `work` on the loop's thread and waits for its result.
    ///
    /// - Precondition: on another thread.
    public func sync<Value: Sendable>(
        _ work: @escaping @Sendable () throws(EventLoopError) -> Value
    ) throws(EventLoopError) -> Value {
        precondition(!isCurrent, "the loop would wait for itself")
        let done = DispatchSemaphore(value: 0)
        let box = ResultBox<Value>()
        let posted = execute {
            box.result.withLock { result in
                do throws(EventLoopError) {
                    result = .success(try work())
                } catch {
                    result = .failure(error)
                }
            }
            done.signal()
        }
        guard posted else { throw EventLoopError(.stopped, "the event loop has stopped") }
        done.wait()
        guard let result = box.result.withLock({ $0 }) else {
            preconditionFailure("signalled without a result")
        }
        return try result.get()
    }

    /// Runs `work` on the loop's thread when the callbacks of this turn are over.
    ///
    /// - Precondition: on the loop's thread.
    public func afterCallbacks(_ work: @escaping () -> Void) {
        assertCurrent()
        deferred.append(work)
    }

    /// Takes no more work, runs what is in the mailbox, closes all handles, and ends the thread.
    public func stop() {
        mailbox.withLock { mailbox in
            guard !mailbox.isStopping else { return }
            mailbox.isStopping = true
            unsafe uv_async_send(wake)
        }
    }

    /// ``stop()``, and waits until the thread is about to end.
    ///
    /// - Precondition: on another thread.
    public func stopAndWait() {
        stop()
        wait()
    }

    /// Waits until the loop has been stopped and its thread is about to end.
    ///
    /// - Precondition: on another thread.
    public func wait() {
        precondition(!isCurrent, "the loop would wait for itself")
        ended.wait()
        ended.signal()  // for the next to wait
    }

    private func drainMailbox() {
        let (works, isStopping) = mailbox.withLock { mailbox in
            defer { mailbox.works = [] }
            return (mailbox.works, mailbox.isStopping)
        }
        for work in works { work() }
        if isStopping { closeAll() }
    }

    private func runDeferred() {
        while !deferred.isEmpty {
            let works = deferred
            deferred = []
            for work in works { work() }
        }
    }

    private func closeAll() {
        unsafe uv_walk(
            raw,
            { handle, _ in unsafe LoopHandle.from(UnsafeMutableRawPointer(handle))?.close() }, nil)
        let handle = unsafe UnsafeMutableRawPointer(wake).assumingMemoryBound(to: uv_handle_t.self)
        if unsafe uv_is_closing(handle) == 0 { unsafe uv_close(handle, nil) }
    }
}

private final class ResultBox<Value: Sendable>: Sendable {
    let result = Mutex<Result<Value, EventLoopError>?>(nil)
}

// MARK: - The thread

extension Loop {
    private func startThread() {
        var blocked = sigset_t()
        var before = sigset_t()
        unsafe sigfillset(&blocked)
        for fault in [SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT] {
            unsafe sigdelset(&blocked, fault)
        }
        unsafe pthread_sigmask(SIG_SETMASK, &blocked, &before)  // inherited by the thread
        // The thread itself says in `thread` who it is: two writers would race.
        var created = pthread_t()
        let status = unsafe pthread_create(
            &created, nil,
            { loop in
                guard let loop = unsafe loop else { return nil }
                unsafe Unmanaged<Loop>.fromOpaque(loop).takeRetainedValue().run()
                return nil
            }, Unmanaged.passRetained(self).toOpaque())
        precondition(status == 0, "no thread for an event loop")
        pthread_detach(created)
        unsafe pthread_sigmask(SIG_SETMASK, &before, nil)
    }

    private func run() {
        thread = pthread_self()
        started.signal()
        // Work that callbacks put off runs before the loop sleeps (timers come before, and closing
        // callbacks) and after it has woken (input, the mailbox).
        let turn = TurnHandles(loop: self) { [unowned self] in runDeferred() }
        unsafe uv_run(raw, UV_RUN_DEFAULT)
        withExtendedLifetime(turn) {}
        let status = unsafe uv_loop_close(raw)
        precondition(status == 0, "a libuv handle outlived its loop")
        ended.signal()
    }
}
