public import EventLoop
internal import Glibc

/// What a caller may do; each includes those before it.
public enum Access: Int, Comparable, Sendable, CaseIterable {
    /// Is cut off without a byte.
    case none
    /// Tells stories, and asks for its own jobs.
    case generate
    /// Swaps, upgrades and stops, reads logs, and asks for everybody's jobs.
    case administer

    public static func < (one: Access, other: Access) -> Bool { one.rawValue < other.rawValue }
}

/// Who may do what, by the ids of users and groups.
///
/// Names are looked up once, when it is made. Root may always administer.
public struct AccessPolicy: Sendable, Equatable {
    private let administrators: [AccessEntry]
    private let generators: [AccessEntry]

    /// This process' user, and root.
    public static let owner = AccessPolicy(
        administrators: [.user(geteuid())], generators: [.user(geteuid())])

    private init(administrators: [AccessEntry], generators: [AccessEntry]) {
        self.administrators = administrators
        self.generators = generators
    }

    /// - Parameters:
    ///   - administer: who may administer, and so generate too. An entry is `@owner` (this process'
    ///     user), a user's name or number, or a group's after a `%`.
    ///   - generate: who may generate.
    /// - Throws: if there is no such user or group.
    public init(administer: [String], generate: [String]) throws(AccessError) {
        administrators = try Self.entries(administer, "swap.uids")
        generators = try Self.entries(generate, "access.generate")
    }

    public func access(of peer: Peer) -> Access {
        if peer.user == 0 || administrators.contains(where: { $0.matches(peer) }) {
            return .administer
        }
        return generators.contains { $0.matches(peer) } ? .generate : .none
    }

    /// The group whose members have at least such access, for the file of a socket: the first that
    /// is named, since a file has but one.
    func group(for access: Access) -> UInt32? {
        let entries = access == .administer ? administrators : generators + administrators
        return entries.lazy.compactMap(\.groupID).first
    }
}

/// An entry of the pipeline file that names nobody.
public struct AccessError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Where it stands.
    public let key: String
    public let entry: String
    public let message: String

    public var description: String { "\(key): \"\(entry)\": \(message)" }
}

// MARK: - Entries

extension AccessPolicy {
    private static func entries(
        _ texts: [String], _ key: String
    ) throws(AccessError) -> [AccessEntry] {
        var entries: [AccessEntry] = []
        for text in texts {
            do throws(AccessEntry.Unknown) {
                entries.append(try AccessEntry(text))
            } catch {
                throw AccessError(key: key, entry: text, message: error.message)
            }
        }
        return entries
    }
}
