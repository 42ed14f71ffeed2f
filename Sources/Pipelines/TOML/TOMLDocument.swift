import Checkpoints

/// A whole text: assignments under headers.
struct TOMLDocument {
    private var cursor: TOMLCursor

    init(_ text: String) { cursor = TOMLCursor(text) }

    mutating func read() throws(TOMLError) -> [String: SettingValue] {
        let root = TOMLTable(.header)
        var (table, depth) = (root, 0)
        while true {
            try cursor.skipLines()
            guard let next = cursor.peek else { return root.settings }
            if next == UInt8(ascii: "[") {
                (table, depth) = try header(root)
            } else {
                try cursor.assignment(to: table, depth: depth)
            }
            try cursor.endLine()
        }
    }

    /// `[a.b]` or `[[a.b]]`: the table that it opens, and its depth.
    private mutating func header(_ root: TOMLTable) throws(TOMLError) -> (TOMLTable, Int) {
        let start = cursor.place
        let isList = cursor.starts(with: "[[")
        cursor.advance(isList ? 2 : 1)
        let path = try cursor.keys()
        try cursor.checkDepth(path.count)
        for _ in 0..<(isList ? 2 : 1) { try cursor.expect("]") }
        do throws(TOMLTable.Conflict) {
            return (try isList ? root.append(path) : root.open(path), path.count)
        } catch {
            throw cursor.error(error.message, at: start)
        }
    }
}
