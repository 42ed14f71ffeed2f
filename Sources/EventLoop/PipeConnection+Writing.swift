internal import CUV
internal import Glibc

extension PipeConnection {
    /// What the kernel does not take at once is handed to libuv piece by piece, each a copy. Its
    /// end tells that the kernel takes more, so a short one will do.
    private static let blockCount = 4 << 10
    /// Shorter writes are joined.
    private static let joinedCount = 64 << 10
    /// So many buffers go to the kernel in one call.
    private static let gatheredCount = 32

    /// Queues bytes; all of a turn are written when its callbacks are over. Lost if the connection
    /// is closed or finishing.
    public func write(_ buffers: [[UInt8]]) {
        loop.assertCurrent()
        guard !isClosing, !isFinishing else { return }
        for buffer in buffers where !buffer.isEmpty {
            queuedCount += buffer.count
            if queue.count > 1, let last = queue.indices.last,
                queue[last].count + buffer.count <= PipeConnection.joinedCount
            {
                queue[last] += buffer
            } else {
                queue.append(buffer)
            }
        }
        guard queuedCount <= limits.maximum else {
            return close(
                EventLoopError(
                    .writeStalled, "\(queuedCount) bytes wait for a peer that does not read"))
        }
        budget?.enforce()
        guard !isClosing else { return }
        if queuedCount > limits.highWater, !isBackedUp {
            isBackedUp = true
            updateReading()
        }
        scheduleFlush()
    }

    /// Reads no more, and closes once all that waits is written.
    public func finish() {
        loop.assertCurrent()
        guard !isClosing, !isFinishing else { return }
        isFinishing = true
        updateReading()
        scheduleFlush()
    }

    private func scheduleFlush() {
        guard !isFlushScheduled else { return }
        isFlushScheduled = true
        loop.afterCallbacks { [self] in
            isFlushScheduled = false
            flush()
        }
    }

    /// Gives the kernel what it takes; for the rest, waits until it takes more.
    private func flush() {
        while !isClosing, !isWriting, let buffer = queue.first {
            var slices: [uv_buf_t] = unsafe []
            let status = unsafe tryWriting(&slices)
            if status >= 0 {
                didWrite(Int(status))
            } else if status == UV_EAGAIN.rawValue {
                writeBlock(buffer)
            } else {
                fail(status)
            }
        }
        if isFinishing, queue.isEmpty, !isClosing { close(nil) }
    }

    /// Lends the buffers that wait to the kernel: one after the other joins `slices`, which are
    /// valid until this returns, then all are written by one call.
    private func tryWriting(_ slices: inout [uv_buf_t]) -> Int32 {
        let index = unsafe slices.count
        guard index < min(queue.count, PipeConnection.gatheredCount) else {
            return unsafe uv_try_write(stream, slices, UInt32(slices.count))
        }
        return unsafe queue[index].withUnsafeBytes { bytes in
            let rest = unsafe index == 0 ? bytes[queueOffset...] : bytes[...]
            unsafe slices.append(uv_buf_t(UnsafeRawBufferPointer(rebasing: rest)))
            return unsafe tryWriting(&slices)
        }
    }

    private func writeBlock(_ buffer: [UInt8]) {
        let end = min(buffer.count, queueOffset + PipeConnection.blockCount)
        isWriting = true
        let request = WriteRequest(self, buffer[queueOffset..<end])
        let status = request.start()
        guard status == 0 else { return fail(status) }
        watchForStall()
    }

    fileprivate func blockDone(_ count: Int, _ status: Int32) {
        isWriting = false
        guard !isClosing else { return }
        stallTimer?.stop()
        guard status == 0 else { return fail(status) }
        didWrite(count)
        flush()
    }

    private func didWrite(_ count: Int) {
        writtenCount += count
        queuedCount -= count
        queueOffset += count
        var doneCount = 0
        while doneCount < queue.count, queueOffset >= queue[doneCount].count {
            queueOffset -= queue[doneCount].count
            doneCount += 1
        }
        queue.removeFirst(doneCount)
        guard isBackedUp, queuedCount < limits.lowWater else { return }
        isBackedUp = false
        updateReading()
        onDrain()
    }

    /// A peer that has gone is no error.
    private func fail(_ status: Int32) {
        let gone = [UV_EPIPE.rawValue, UV_ECONNRESET.rawValue].contains(status)
        guard gone else { return close(EventLoopError(uv: status, "cannot write")) }
        readRest()
        close(nil)
    }

    /// Looks for progress from what has been handed to libuv on.
    private func watchForStall() {
        let timer = stallTimer ?? Timer(loop: loop)
        stallTimer = timer
        var last = unsafe (writtenCount, uv_stream_get_write_queue_size(stream))
        timer.start(after: limits.writeStall, repeating: limits.writeStall) { [unowned self] in
            let now = unsafe (writtenCount, uv_stream_get_write_queue_size(stream))
            if now == last {
                close(
                    EventLoopError(
                        .writeStalled, "the peer has read nothing for \(limits.writeStall)"))
            }
            last = now
        }
    }
}

extension uv_buf_t {
    /// libuv only reads what it writes, though its type says otherwise.
    fileprivate init(_ bytes: UnsafeRawBufferPointer) {
        unsafe self = uv_buf_init(
            UnsafeMutablePointer(
                mutating: bytes.baseAddress?.assumingMemoryBound(to: CChar.self)),
            UInt32(bytes.count))
    }
}

/// One `uv_write` and a copy of its bytes, until its callback, which comes in any case.
@safe private final class WriteRequest {
    private let connection: PipeConnection
    private let bytes: UnsafeMutableRawBufferPointer
    private let raw: UnsafeMutablePointer<uv_write_t>

    init(_ connection: PipeConnection, _ source: ArraySlice<UInt8>) {
        self.connection = connection
        unsafe bytes = .allocate(byteCount: source.count, alignment: 16)
        unsafe bytes.copyBytes(from: source)
        unsafe raw = .allocate(capacity: 1)
    }

    deinit {
        unsafe bytes.deallocate()
        unsafe raw.deallocate()
    }

    func start() -> Int32 {
        unsafe raw.pointee.data = Unmanaged.passRetained(self).toOpaque()
        var slice = unsafe uv_buf_t(UnsafeRawBufferPointer(bytes))
        let status = unsafe uv_write(raw, connection.stream, &slice, 1) { raw, status in
            guard let data = unsafe raw?.pointee.data else { return }
            let request = unsafe Unmanaged<WriteRequest>.fromOpaque(data).takeRetainedValue()
            unsafe request.connection.blockDone(request.bytes.count, status)
        }
        if status != 0 { unsafe Unmanaged.passUnretained(self).release() }
        return status
    }
}
