/// Pieces of pickles, to be put together in any way.
enum Pickled {
    static let yes: [UInt8] = [0x88]
    static let none: [UInt8] = [0x4e]
    static let ordered = global("collections", "OrderedDict") + Array(")R".utf8)

    static func program(_ body: [UInt8]) -> [UInt8] { [0x80, 2] + body + Array(".".utf8) }

    static func text(_ text: String) -> [UInt8] {
        Array("X".utf8) + bytes(UInt32(text.utf8.count)) + Array(text.utf8)
    }

    static func integer(_ integer: Int) -> [UInt8] { [0x8a, 8] + bytes(integer) }

    static func global(_ module: String, _ name: String) -> [UInt8] {
        Array("c\(module)\n\(name)\n".utf8)
    }

    static func tuple(_ members: [[UInt8]]) -> [UInt8] {
        Array("(".utf8) + members.flatMap(\.self) + Array("t".utf8)
    }

    static func call(_ module: String, _ name: String, _ arguments: [[UInt8]] = []) -> [UInt8] {
        global(module, name) + tuple(arguments) + Array("R".utf8)
    }

    static func dictionary(_ members: [(String, [UInt8])]) -> [UInt8] {
        Array("}(".utf8) + members.flatMap { text($0.0) + $0.1 } + Array("u".utf8)
    }

    static func storage(
        _ type: String = "FloatStorage", key: String = "0", count: Int = 4
    ) -> [UInt8] {
        tuple([
            text("storage"), global("torch", type), text(key), text("cpu"), integer(count),
        ]) + Array("Q".utf8)
    }

    static func tensor(
        _ extents: [Int] = [4], _ strides: [Int] = [1], offset: Int = 0,
        in storage: [UInt8] = storage()
    ) -> [UInt8] {
        call(
            "torch._utils", "_rebuild_tensor_v2",
            [
                storage, integer(offset), tuple(extents.map(integer)), tuple(strides.map(integer)),
                yes, ordered,
            ])
    }
}
