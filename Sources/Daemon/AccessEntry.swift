internal import EventLoop
internal import Glibc

/// Whom an entry of the pipeline file means.
enum AccessEntry: Equatable {
    case user(UInt32)
    case group(UInt32)

    /// Why it means nobody.
    struct Unknown: Error {
        let message: String
    }

    init(_ text: String) throws(Unknown) {
        if text == "@owner" {
            self = .user(geteuid())
        } else if text.hasPrefix("%") {
            self = .group(try Self.group(String(text.dropFirst())))
        } else if text.hasPrefix("@") {
            throw Unknown(message: "only \"@owner\" is known; a group is \"%name\"")
        } else {
            self = .user(try Self.user(text))
        }
    }

    var groupID: UInt32? {
        if case .group(let id) = self { id } else { nil }
    }

    func matches(_ peer: Peer) -> Bool {
        switch self {
        case .user(let id): peer.user == id
        case .group(let id): peer.isIn(id)
        }
    }

    private static func user(_ name: String) throws(Unknown) -> UInt32 {
        if let id = try number(name) { return id }
        var (entry, found) = unsafe (passwd(), UnsafeMutablePointer<passwd>?.none)
        try lookUp("user", name) { text in
            let status = unsafe getpwnam_r(name, &entry, &text, text.count, &found)
            return unsafe (status, found != nil)
        }
        return unsafe entry.pw_uid
    }

    private static func group(_ name: String) throws(Unknown) -> UInt32 {
        if let id = try number(name) { return id }
        var (entry, found) = unsafe (Glibc.group(), UnsafeMutablePointer<Glibc.group>?.none)
        try lookUp("group", name) { text in
            let status = unsafe getgrnam_r(name, &entry, &text, text.count, &found)
            return unsafe (status, found != nil)
        }
        return unsafe entry.gr_gid
    }

    /// - Returns: `nil` for a name.
    private static func number(_ text: String) throws(Unknown) -> UInt32? {
        guard let first = text.utf8.first else { throw Unknown(message: "a name is missing") }
        let isName = !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first)
        if isName, !text.utf8.contains(0) { return nil }
        // The last number means "none" to the system.
        guard let id = UInt32(text), id < UInt32.max else {
            throw Unknown(message: "this is neither a name nor an id")
        }
        return id
    }

    /// - Parameter ask: the system, which needs room for the texts of an entry.
    private static func lookUp(
        _ kind: String, _ name: String,
        _ ask: (inout [CChar]) -> (status: Int32, isFound: Bool)
    ) throws(Unknown) {
        var count = 4096
        while true {
            var text = [CChar](repeating: 0, count: count)
            let (status, isFound) = ask(&text)
            // Groups have long lists of members.
            if status == ERANGE, count < 4 << 20 {
                count *= 4
                continue
            }
            guard isFound else {
                throw Unknown(
                    message: "there is no \(kind) \"\(name)\": create it, or correct the entry")
            }
            return
        }
    }
}
