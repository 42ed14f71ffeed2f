/// How much each user has been given, to tell whose turn it is.
///
/// Start-time fair queuing (Goyal, Vin & Cheng, 1996): the next turn is of the user who has been
/// given least. Whoever comes, or comes back, begins no lower than whoever had the last turn, so
/// that nobody saves up turns by staying away, nor loses by having come late.
struct FairShare {
    /// Of users with jobs; of others while it is more than ``level``.
    private var given: [UInt32: Int] = [:]
    private var jobs: [UInt32: Int] = [:]
    /// What the user of the last turn had been given before it.
    private var level = 0

    /// Users with jobs.
    var users: Int { jobs.count }

    func service(of user: UInt32) -> Int { given[user] ?? level }

    /// A job of the user comes.
    mutating func enter(_ user: UInt32) {
        if jobs[user] == nil { given[user] = max(given[user] ?? 0, level) }
        jobs[user, default: 0] += 1
    }

    /// A job of the user is over.
    mutating func leave(_ user: UInt32) {
        let left = (jobs[user] ?? 0) - 1
        jobs[user] = left > 0 ? left : nil
        if jobs.isEmpty {
            given = [:]
            level = 0
        } else if given.count > 2 * jobs.count + 16 {
            given = given.filter { jobs[$0.key] != nil || $0.value > level }
        }
    }

    /// The user has the turn.
    mutating func turn(of user: UInt32) { level = max(level, service(of: user)) }

    /// - Parameter service: what it took, in nanoseconds.
    mutating func charge(_ service: Int, to user: UInt32) { given[user, default: level] += service }
}
