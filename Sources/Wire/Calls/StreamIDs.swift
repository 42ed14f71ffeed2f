/// Which stream ids a server has seen.
///
/// Go's servers want ids to rise; Rust's asynchronous clients may send 5 before 3. Any odd id is
/// taken once, as long as it is among the last 1,024 below the highest.
struct StreamIDs {
    private static let window: UInt32 = 1024

    private var highest: UInt32 = 0
    /// Slot `id / 2 % window` holds the last id that fell there: two ids of one slot are a window
    /// apart, so within the window nothing is forgotten.
    private var recent = [UInt32](repeating: 0, count: Int(window))

    /// - Returns: whether `id`, which is odd, is new.
    mutating func claim(_ id: UInt32) -> Bool {
        let slot = Int(id / 2 % StreamIDs.window)
        if id < highest, (highest - id) / 2 >= StreamIDs.window { return false }
        guard recent[slot] != id else { return false }
        recent[slot] = id
        highest = max(highest, id)
        return true
    }

    /// Whether `id`, which is odd, was taken, or is too old to tell.
    func hasSeen(_ id: UInt32) -> Bool {
        if id < highest, (highest - id) / 2 >= StreamIDs.window { return true }
        return recent[Int(id / 2 % StreamIDs.window)] == id
    }
}
