/// Frames on their way out, as few buffers: small frames share one, a long payload is not copied.
public struct OutputQueue: Sendable {
    /// Up to here a payload is copied behind its header.
    private static let smallCount = 16 << 10
    private static let sharedCount = 64 << 10

    private var buffers: [[UInt8]] = []
    private var lastIsShared = false

    mutating func append(_ frame: Frame) {
        let isSmall = frame.payload.count <= OutputQueue.smallCount
        if !lastIsShared || (buffers.last?.count ?? 0) >= OutputQueue.sharedCount {
            var buffer: [UInt8] = []
            buffer.reserveCapacity(Frame.headerCount + (isSmall ? frame.payload.count : 0))
            buffers.append(buffer)
        }
        frame.appendHeader(to: &buffers[buffers.count - 1])
        if isSmall {
            buffers[buffers.count - 1] += frame.payload
        } else {
            buffers.append(frame.payload)
        }
        lastIsShared = isSmall
    }

    /// All that has been queued, in order; the queue is empty afterwards.
    mutating func drain() -> [[UInt8]] {
        defer { self = OutputQueue() }
        return buffers
    }
}
