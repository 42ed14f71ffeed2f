/// The bytes of integers, the lowest first.
func bytes<Integer: FixedWidthInteger>(_ integers: Integer...) -> [UInt8] {
    integers.flatMap { integer in
        (0..<Integer.bitWidth / 8).map { UInt8(truncatingIfNeeded: integer >> (8 * $0)) }
    }
}
