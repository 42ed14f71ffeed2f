public import Glibc

/// How a job is treated beside others. What it brings does not depend on it.
public struct JobTerms: Sendable, Equatable {
    public static let priorities = -10...10

    /// Whose job it is: users take turns. A user's id of the system.
    public var user: UInt32
    /// Among the waiting jobs of one user, those of higher priority begin first.
    public var priority: Int
    /// When it ends with `deadline_exceeded`, however far it is.
    public var deadline: ContinuousClock.Instant?

    public init(
        user: UInt32 = geteuid(), priority: Int = 0, deadline: ContinuousClock.Instant? = nil
    ) {
        self.user = user
        self.priority = priority
        self.deadline = deadline
    }

    func check() throws(RequestError) {
        guard Self.priorities.contains(priority) else {
            throw RequestError(
                .invalid,
                "priority is \(priority); it must be in "
                    + "\(Self.priorities.lowerBound)...\(Self.priorities.upperBound)")
        }
    }
}
