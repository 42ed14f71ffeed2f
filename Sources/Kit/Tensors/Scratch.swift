import Glibc

/// What threads keep for the intermediate results of kernels: packed operands, tiles, scores.
public enum KernelMemory {
    /// The most that a thread keeps. What a kernel needs beyond it is let go of after the call.
    public static let mostOfThread = 16 << 20

    /// Of all threads.
    public static let held = MemoryGauge()
}

/// Memory for the intermediate results of a kernel, kept by each thread from call to call.
///
/// A kernel asks for a few megabytes, whatever the shapes are, or as much as some rows need. The
/// memory outlives the call, so it is charged to no account: ``KernelMemory`` counts it.
enum Scratch {
    private final class Block {
        var storage = Storage(count: 0, charging: nil, for: .thread) {
            didSet {
                KernelMemory.held.add(Scratch.bytes(storage))
                KernelMemory.held.subtract(Scratch.bytes(oldValue))
            }
        }

        deinit { KernelMemory.held.subtract(Scratch.bytes(storage)) }
    }

    private static func bytes(_ storage: Storage) -> Int {
        storage.count * MemoryLayout<Float>.stride
    }

    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        let status = unsafe pthread_key_create(
            &key,
            { block in
                guard let block = unsafe block else { return }
                unsafe Unmanaged<Block>.fromOpaque(block).release()
            })
        precondition(status == 0, "no thread-local storage left")
        return key
    }()

    /// Calls `body` with room for `count` floats, uninitialised, valid while it runs. Not to be
    /// nested: a thread has one such room.
    static func withFloats<Result>(
        _ count: Int, _ body: (UnsafeMutablePointer<Float>) -> Result
    ) -> Result {
        guard count <= KernelMemory.mostOfThread / MemoryLayout<Float>.stride else {
            let storage = Storage(count: count, charging: nil, for: .thread)
            defer { extendLifetime(storage) }
            return unsafe body(storage.elements)
        }
        let block: Block
        if let existing = unsafe pthread_getspecific(key) {
            block = unsafe Unmanaged<Block>.fromOpaque(existing).takeUnretainedValue()
        } else {
            block = Block()
            unsafe pthread_setspecific(key, Unmanaged.passRetained(block).toOpaque())
        }
        if block.storage.count < count {
            block.storage = Storage(count: count, charging: nil, for: .thread)
        }
        let storage = block.storage
        defer { extendLifetime(storage) }
        return unsafe body(storage.elements)
    }
}
