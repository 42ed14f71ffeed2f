/// Which job begins next, and which may not even wait: the order and the limits of an engine's
/// jobs, and nothing of what they do.
///
/// Users take turns: next is a job of the user with the fewest running jobs, among those the one
/// who has been given least (see ``FairShare``), then who came first. Within one user, higher
/// priorities come first, then earlier arrivals. Finding the next job takes as long as there are
/// users who wait; nothing depends much on the number of jobs.
struct JobQueue {
    struct Ticket: Equatable {
        /// Greater for each job that comes.
        let number: Int
        let user: UInt32
        let priority: Int
        /// Of pictures and prompts.
        let bytes: Int
    }

    struct Limits: Equatable {
        /// Jobs that run at a time.
        var concurrency = 1
        /// Jobs that wait beyond those, over all users.
        var waiting: Int
        /// Of one user, waiting and running.
        var jobsPerUser: Int
        /// Of one user's waiting jobs.
        var bytesPerUser: Int
    }

    enum Refusal: Error, Equatable {
        case full(waiting: Int)
        case userJobs(Int)
        case userBytes(Int)
    }

    /// What one user has here.
    private struct Line {
        /// The number of the job that the user came with.
        let since: Int
        /// By falling priority.
        var lanes = [JobLine](repeating: JobLine(), count: JobTerms.priorities.count)
        /// In lanes, or on their way there.
        var waiting = 0
        var inLanes = 0
        var running = 0
        var bytes = 0

        var first: Int? { lanes.first { $0.count > 0 }?.first }
        var isEmpty: Bool { waiting == 0 && running == 0 }

        func rank(of ticket: Ticket) -> Int {
            let lane = JobQueue.lane(ticket)
            return lanes[..<lane].reduce(0) { $0 + $1.count }
                + lanes[lane].count(before: ticket.number)
        }
    }

    private var lines: [UInt32: Line] = [:]
    /// The users of `lines` with jobs in lanes.
    private var candidates: Set<UInt32> = []
    private var tickets: [Int: Ticket] = [:]
    private var share = FairShare()
    private var lastNumber = 0
    private(set) var waiting = 0
    private(set) var running = 0

    /// Users with jobs.
    var users: Int { share.users }

    private static func lane(_ ticket: Ticket) -> Int {
        JobTerms.priorities.upperBound - ticket.priority
    }

    /// A place for a job that comes, which counts from now on. It cannot begin before
    /// ``insert(_:)``.
    mutating func reserve(
        user: UInt32, priority: Int, bytes: Int, limits: Limits
    ) throws(Refusal) -> Ticket {
        let idle = max(0, limits.concurrency - running)
        guard waiting < limits.waiting + idle else { throw .full(waiting: waiting) }
        var line = lines[user] ?? Line(since: lastNumber + 1)
        let jobs = line.waiting + line.running
        guard jobs < limits.jobsPerUser else { throw .userJobs(jobs) }
        guard bytes <= limits.bytesPerUser - line.bytes else { throw .userBytes(line.bytes) }
        lastNumber += 1
        let ticket = Ticket(number: lastNumber, user: user, priority: priority, bytes: bytes)
        line.waiting += 1
        line.bytes += bytes
        lines[user] = line
        waiting += 1
        share.enter(user)
        return ticket
    }

    /// A job with a place may begin.
    mutating func insert(_ ticket: Ticket) {
        tickets[ticket.number] = ticket
        change(ticket.user) { line in
            line.lanes[Self.lane(ticket)].join(ticket.number)
            line.inLanes += 1
        }
        candidates.insert(ticket.user)
    }

    /// A waiting job goes.
    /// - Returns: whether it waited.
    mutating func remove(_ number: Int) -> Bool {
        guard let ticket = tickets[number], leaveLane(ticket) else { return false }
        tickets[number] = nil
        share.leave(ticket.user)
        dropIfEmpty(ticket.user)
        return true
    }

    /// The next job begins to run.
    mutating func takeNext() -> Int? {
        guard let user = nextUser, let number = lines[user]?.first, let ticket = tickets[number]
        else { return nil }
        _ = leaveLane(ticket)
        change(user) { $0.running += 1 }
        // Otherwise the running jobs' turns tell how far users are.
        if running == 0 { share.turn(of: user) }
        running += 1
        return number
    }

    /// A running job is over.
    mutating func finish(_ number: Int) {
        guard let ticket = tickets.removeValue(forKey: number) else {
            preconditionFailure("job \(number) does not run")
        }
        change(ticket.user) { $0.running -= 1 }
        running -= 1
        share.leave(ticket.user)
        dropIfEmpty(ticket.user)
    }

    /// - Parameter service: what was done for a user's running job, in nanoseconds.
    mutating func charge(_ service: Int, to user: UInt32) { share.charge(service, to: user) }

    /// What a user has been given.
    func service(of user: UInt32) -> Int { share.service(of: user) }

    /// A user's running job has the turn.
    mutating func turn(of user: UInt32) { share.turn(of: user) }

    /// Waiting jobs that begin before this one, if nobody else comes and all take as long.
    func ahead(of ticket: Ticket) -> Int {
        guard let own = lines[ticket.user] else { return 0 }
        let rank = own.rank(of: ticket)
        return candidates.reduce(rank) { sum, user in
            guard user != ticket.user, let other = lines[user] else { return sum }
            return sum + min(other.inLanes, rank + (isBefore(user, ticket.user) ? 1 : 0))
        }
    }

    /// The same of a job that waits; `nil` of others.
    func ahead(of number: Int) -> Int? {
        guard let ticket = tickets[number], let line = lines[ticket.user],
            line.lanes[Self.lane(ticket)].contains(number)
        else { return nil }
        return ahead(of: ticket)
    }

    private var nextUser: UInt32? { candidates.min(by: isBefore) }

    private func isBefore(_ a: UInt32, _ b: UInt32) -> Bool {
        func rank(_ user: UInt32) -> (Int, Int, Int) {
            let line = lines[user]
            return (line?.running ?? 0, share.service(of: user), line?.since ?? .max)
        }
        return rank(a) < rank(b)
    }

    private mutating func leaveLane(_ ticket: Ticket) -> Bool {
        guard lines[ticket.user]?.lanes[Self.lane(ticket)].contains(ticket.number) == true else {
            return false
        }
        change(ticket.user) { line in
            _ = line.lanes[Self.lane(ticket)].leave(ticket.number)
            line.inLanes -= 1
            line.waiting -= 1
            line.bytes -= ticket.bytes
        }
        waiting -= 1
        if lines[ticket.user]?.inLanes == 0 { candidates.remove(ticket.user) }
        return true
    }

    /// In place: a copy of a line would copy its lanes.
    private mutating func change(_ user: UInt32, _ body: (inout Line) -> Void) {
        body(&lines[user, default: Line(since: lastNumber)])
    }

    private mutating func dropIfEmpty(_ user: UInt32) {
        if lines[user]?.isEmpty == true { lines[user] = nil }
    }
}
