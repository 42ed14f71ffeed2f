internal import CUV
internal import Glibc

/// One end of a connected Unix socket. Used on the loop's thread alone.
///
/// Reading stops by itself while too much waits to be written (unless the limits say otherwise),
/// and a peer that goes away is noticed even then.
public final class PipeConnection: LoopHandle {
    public struct Limits: Sendable {
        /// Above so many bytes waiting to be written, reading stops and ``isBackedUp`` is set,
        public var highWater = 4 << 20
        /// until there are so few.
        public var lowWater = 1 << 20
        /// Whether to read on all the same. One end of a connection must: two that wait for each
        /// other to read would wait for ever.
        public var readsWhenBackedUp = false
        /// With more the connection is closed.
        public var maximum = 64 << 20
        /// If something waits and the peer takes no byte for so long, the connection is closed.
        public var writeStall = Duration.seconds(30)
        /// One turn of the loop reads so many bytes at most from one connection, to be fair to
        /// the others.
        public var readPerTurn = 256 << 10

        public init() {}
    }

    public let limits: Limits
    /// Bytes that have arrived; they are lent for the call.
    public var onRead: (Span<UInt8>) -> Void = { _ in }
    /// What waits has sunk below the low-water mark after it had been above the high one.
    public var onDrain: () -> Void = {}
    /// Called once, when the connection is closed by either side; with the reason if that was an
    /// error.
    public var onClose: (EventLoopError?) -> Void = { _ in }
    /// Bytes that wait to be written.
    public internal(set) var queuedCount = 0 {
        didSet { budget?.queuedCount += queuedCount - oldValue }
    }
    /// More waits than the high-water mark, and has not sunk below the low one: the time to leave
    /// out what can be left out.
    public internal(set) var isBackedUp = false

    // What waits: `queue[0]` from `queueOffset` on is next.
    var queue: [[UInt8]] = []
    var queueOffset = 0
    var isWriting = false
    var isFlushScheduled = false
    var isFinishing = false
    var writtenCount = 0
    var stallTimer: Timer?

    /// Which bounds what waits here and elsewhere together.
    var budget: OutputBudget?

    private var readThisTurn = 0
    private var isThrottled = false
    private var isReading = false
    private var hangup: HangupWatch?
    private var closeReason: EventLoopError?

    init(loop: Loop, limits: Limits) {
        self.limits = limits
        unsafe super.init(loop: loop, uv_pipe_t.self)
        unsafe uv_pipe_init(loop.uv, raw(uv_pipe_t.self), 0)
        adopt()
    }

    /// - Parameter descriptor: of a connected socket; belongs to the connection from here on, even
    ///   if this throws.
    convenience init(
        loop: Loop, limits: Limits, connected descriptor: Int32
    ) throws(EventLoopError) {
        self.init(loop: loop, limits: limits)
        let status = unsafe uv_pipe_open(raw(uv_pipe_t.self), descriptor)
        guard status == 0 else {
            Glibc.close(descriptor)
            close()
            throw EventLoopError(uv: status, "cannot use a connection")
        }
    }

    /// Connects to the socket at `path`. Never blocks.
    ///
    /// - Throws: ``EventLoopError/Code/noListener`` if there is no socket or nobody listens;
    ///   ``EventLoopError/Code/busy`` if the listener's queue is full: try again.
    public static func connect(
        to path: String, loop: Loop, limits: Limits = Limits()
    ) throws(EventLoopError) -> PipeConnection {
        let address = try SocketPath(path)
        let descriptor: Int32
        do throws(SystemError) {
            descriptor = try unsafe address.socket { unsafe Glibc.connect($0, $1, $2) }
        } catch {
            switch error.code {
            case ENOENT, ECONNREFUSED:
                throw EventLoopError(.noListener, "nobody listens at \(path)")
            case EAGAIN:
                throw EventLoopError(.busy, "too many callers wait at \(path)")
            default:
                throw EventLoopError(errno: error.code, "cannot connect to \(path)")
            }
        }
        return try PipeConnection(loop: loop, limits: limits, connected: descriptor)
    }

    var stream: UnsafeMutablePointer<uv_stream_t> { unsafe raw(uv_stream_t.self) }

    /// `nil` once the connection is closed.
    var descriptor: Int32? {
        var descriptor: Int32 = -1
        let status = unsafe uv_fileno(raw(uv_handle_t.self), &descriptor)
        return status == 0 ? descriptor : nil
    }

    /// Closes at once; what waits is lost.
    public override func close() { close(nil) }

    func close(_ reason: EventLoopError?) {
        guard !isClosing else { return }
        closeReason = reason
        queue = []
        queuedCount = 0
        budget?.remove(self)
        budget = nil
        stallTimer?.close()
        hangup?.close()
        hangup = nil
        super.close()
    }

    override func didClose() {
        onClose(closeReason)
        (onRead, onDrain, onClose) = ({ _ in }, {}, { _ in })
    }
}

// MARK: - Reading

extension PipeConnection {
    /// Begins to read. Set ``onRead`` and ``onClose`` before.
    public func start() { updateReading() }

    /// Reads, unless something stands against it.
    func updateReading() {
        guard !isClosing else { return }
        let wanted = (!isBackedUp || limits.readsWhenBackedUp) && !isFinishing
        if wanted, !isThrottled {
            guard !isReading else { return }
            isReading = true
            unsafe uv_read_start(
                stream,
                { handle, _, buffer in
                    guard let loop = unsafe LoopHandle.from(handle)?.loop else { return }
                    unsafe buffer?.pointee = uv_buf_init(
                        loop.readBuffer, UInt32(Loop.readCount))
                },
                { stream, count, buffer in
                    let handle = unsafe LoopHandle.from(UnsafeMutableRawPointer(stream))
                    guard let connection = handle as? PipeConnection else { return }
                    connection.didRead(count)
                })
        } else if isReading {
            isReading = false
            unsafe uv_read_stop(stream)
        }
        // libuv does not report the peer's close to whoever does not read.
        if wanted {
            hangup?.close()
            hangup = nil
        } else if hangup == nil, let descriptor {
            hangup = HangupWatch(loop: loop, descriptor: descriptor) { [unowned self] in
                close(nil)
            }
        }
    }

    private func didRead(_ count: Int) {
        guard count > 0 else {
            // An end with data of ours unread by the peer comes as ECONNRESET.
            let isEnd = count == Int(UV_EOF.rawValue) || count == Int(UV_ECONNRESET.rawValue)
            if isEnd {
                close(nil)
            } else if count < 0 {
                close(EventLoopError(uv: Int32(truncatingIfNeeded: count), "cannot read"))
            }
            return
        }
        let bytes = unsafe UnsafeRawBufferPointer(start: loop.readBuffer, count: count)
            .assumingMemoryBound(to: UInt8.self)
        unsafe onRead(bytes.span)
        if readThisTurn == 0 {
            loop.afterCallbacks { [self] in
                readThisTurn = 0
                isThrottled = false
                updateReading()
            }
        }
        readThisTurn += count
        if readThisTurn >= limits.readPerTurn {
            isThrottled = true
            updateReading()
        }
    }

    /// What a peer said before it went lies in the kernel still.
    func readRest() {
        guard isReading else { return }
        while !isClosing, !isFinishing, let descriptor {
            let count = unsafe read(descriptor, loop.readBuffer, Loop.readCount)
            guard count > 0 else { return }
            let bytes = unsafe UnsafeRawBufferPointer(start: loop.readBuffer, count: count)
                .assumingMemoryBound(to: UInt8.self)
            unsafe onRead(bytes.span)
        }
    }
}
