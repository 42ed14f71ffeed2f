import Checkpoints

/// A table that is being read: how it was made decides who may still add to it.
final class TOMLTable {
    enum Origin {
        /// Above a table with a header; may have one of its own later.
        case implied
        case header
        /// By a dotted key; no header may open it again.
        case dotted
    }

    private enum Entry {
        case value(SettingValue)
        case table(TOMLTable)
        /// `[[name]]`: the last is the one that is written to.
        case list([TOMLTable])
    }

    struct Conflict: Error {
        let message: String
    }

    private var origin: Origin
    private var entries: [String: Entry] = [:]

    init(_ origin: Origin) { self.origin = origin }

    var settings: [String: SettingValue] {
        entries.mapValues { entry in
            switch entry {
            case .value(let value): value
            case .table(let table): .table(table.settings)
            case .list(let tables): .array(tables.map { .table($0.settings) })
            }
        }
    }

    /// Sets the value of a dotted key.
    func set(_ path: [String], _ value: SettingValue) throws(Conflict) {
        var table = self
        for key in path.dropLast() {
            switch table.entries[key] {
            case nil:
                let below = TOMLTable(.dotted)
                table.entries[key] = .table(below)
                table = below
            case .table(let below) where below.origin == .dotted: table = below
            default: throw Conflict(message: "key \(key) is here already, and cannot be added to")
            }
        }
        let key = path[path.count - 1]
        guard table.entries.updateValue(.value(value), forKey: key) == nil else {
            throw Conflict(message: "key \(key) is here twice")
        }
    }

    /// The table of a header `[path]`.
    func open(_ path: [String]) throws(Conflict) -> TOMLTable {
        let (above, key) = try descend(path)
        switch above.entries[key] {
        case nil:
            let table = TOMLTable(.header)
            above.entries[key] = .table(table)
            return table
        case .table(let table) where table.origin == .implied:
            table.origin = .header
            return table
        default: throw Conflict(message: "table \(path.joined(separator: ".")) is here twice")
        }
    }

    /// One more table of a header `[[path]]`.
    func append(_ path: [String]) throws(Conflict) -> TOMLTable {
        let (above, key) = try descend(path)
        let table = TOMLTable(.header)
        switch above.entries[key] {
        case nil: above.entries[key] = .list([table])
        case .list(let tables): above.entries[key] = .list(tables + [table])
        default: throw Conflict(message: "key \(key) is here already, and no list of tables")
        }
        return table
    }

    /// The table above the last key of a header's path.
    private func descend(_ path: [String]) throws(Conflict) -> (TOMLTable, key: String) {
        var table = self
        for key in path.dropLast() {
            switch table.entries[key] {
            case nil:
                let below = TOMLTable(.implied)
                table.entries[key] = .table(below)
                table = below
            case .table(let below): table = below
            case .list(let tables): table = tables[tables.count - 1]
            case .value: throw Conflict(message: "key \(key) is here already, and no table")
            }
        }
        return (table, path[path.count - 1])
    }
}
