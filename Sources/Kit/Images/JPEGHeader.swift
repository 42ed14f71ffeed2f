/// What a JPEG (ITU-T T.81, annex B) says before its first scan.
struct JPEGHeader {
    static let signature: [UInt8] = [0xff, 0xd8, 0xff]

    let width: Int
    let height: Int
    /// 1 to 8, as Exif numbers them; 1 is upright.
    let orientation: Int

    init(_ bytes: [UInt8]) throws(ImageError) {
        var orientation = 1
        var position = 2
        while true {
            while position < bytes.count && bytes[position] == 0xff { position += 1 }
            guard bytes.count - position >= 3 else {
                throw ImageError(.malformed, "the JPEG ends before its size")
            }
            let marker = bytes[position]
            let length = Int(bigEndian(bytes[position + 1..<position + 3]))
            guard length >= 2, length <= bytes.count - position - 1 else {
                throw ImageError(.malformed, "a JPEG segment exceeds the file")
            }
            let segment = bytes[position + 3..<position + 1 + length]
            switch marker {
            case 0xe1: orientation = Self.orientation(segment) ?? orientation
            case 0xc4, 0xc8, 0xcc: break  // tables, not frames
            case 0xc0...0xcf:
                guard segment.count >= 5 else {
                    throw ImageError(.malformed, "the JPEG frame is too short")
                }
                let start = segment.startIndex
                height = Int(bigEndian(segment[start + 1..<start + 3]))
                width = Int(bigEndian(segment[start + 3..<start + 5]))
                self.orientation = orientation
                return
            case 0xd9, 0xda: throw ImageError(.malformed, "the JPEG has no frame")
            default: break
            }
            position += 1 + length
            guard position < bytes.count, bytes[position] == 0xff else {
                throw ImageError(.malformed, "the JPEG has no marker where one should be")
            }
        }
    }

    /// Tag 0x0112 of the first directory of an Exif segment (Exif 2.3, §4.6), if it is there.
    private static func orientation(_ segment: ArraySlice<UInt8>) -> Int? {
        guard segment.starts(with: Array("Exif\0\0".utf8)) else { return nil }
        let tiff = Array(segment.dropFirst(6))
        let isLittle = tiff.starts(with: Array("II".utf8))
        guard isLittle || tiff.starts(with: Array("MM".utf8)) else { return nil }
        func number(_ offset: Int, _ count: Int) -> Int? {
            guard offset >= 0, offset <= tiff.count - count else { return nil }
            let field = tiff[offset..<offset + count]
            return Int(bigEndian(isLittle ? ArraySlice(field.reversed()) : field))
        }
        guard number(2, 2) == 42, let directory = number(4, 4),
            let entries = number(directory, 2)
        else { return nil }
        for entry in 0..<entries {
            let offset = directory + 2 + 12 * entry
            guard let tag = number(offset, 2) else { return nil }
            if tag == 0x0112 {
                return number(offset + 8, 2).flatMap { (1...8).contains($0) ? $0 : nil }
            }
        }
        return nil
    }
}
