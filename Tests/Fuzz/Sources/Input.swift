/// What a target is handed.
///
/// What else it must decide, such as where a read ends, it takes from the end of the bytes, so that
/// the beginning stays what a parser would see.
struct Input {
    private(set) var bytes: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { self.bytes = bytes[...] }

    mutating func byte() -> UInt8 { bytes.popLast() ?? 0 }

    mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in byte() } }

    /// The rest, as it may arrive: in up to eight pieces.
    mutating func pieces() -> [[UInt8]] {
        let count = byte() % 8
        let words = (0..<count).map { _ in Int(byte()) << 8 | Int(byte()) }
        var start = bytes.startIndex
        var pieces: [[UInt8]] = []
        for place in words.map({ $0 % (bytes.count + 1) }).sorted() {
            let end = bytes.startIndex + place
            pieces.append(Array(bytes[start..<end]))
            start = end
        }
        return pieces + [Array(bytes[start...])]
    }
}
