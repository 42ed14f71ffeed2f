import Testing

@testable import Pipelines

/// The order of jobs, as users would complain about it.
@Suite final class JobQueueTests {
    private var queue = JobQueue()
    private let limits = JobQueue.Limits(
        concurrency: 1, waiting: 100_000, jobsPerUser: 100_000, bytesPerUser: 1000)

    @discardableResult
    private func add(_ user: UInt32, priority: Int = 0, bytes: Int = 1) throws -> Int {
        let ticket = try queue.reserve(
            user: user, priority: priority, bytes: bytes, limits: limits)
        queue.insert(ticket)
        return ticket.number
    }

    /// Runs all that waits, one at a time, each for as long as `service` says.
    private func drain(_ service: (Int) -> Int = { _ in 10 }) -> [Int] {
        var order: [Int] = []
        while let number = queue.takeNext() {
            order.append(number)
            queue.charge(service(number), to: owners[number] ?? 0)
            queue.finish(number)
        }
        return order
    }

    private var owners: [Int: UInt32] = [:]

    private func takeNext() -> Int? { queue.takeNext() }

    private func remove(_ number: Int) -> Bool { queue.remove(number) }

    @Test func oneUsersJobsComeInOrder() throws {
        for _ in 0..<5 { owners[try add(1)] = 1 }
        #expect(drain() == [1, 2, 3, 4, 5])
        #expect(queue.waiting == 0 && queue.users == 0)
    }

    @Test func prioritiesComeFirstWithinAUser() throws {
        for priority in [0, -10, 10, 3, 10, 0] { try add(1, priority: priority) }
        #expect(drain() == [3, 5, 4, 1, 6, 2])
    }

    @Test func aSingleJobDoesNotWaitBehindFifty() throws {
        for _ in 0..<50 { owners[try add(1)] = 1 }
        #expect(takeNext() == 1)
        queue.charge(10, to: 1)
        owners[try add(2, priority: -10)] = 2
        queue.finish(1)
        #expect(takeNext() == 51, "whatever its priority among one's own")
    }

    /// Turns are counted by what they took: two short jobs for one of twice their length.
    @Test func usersShareTheTimeNotTheTurns() throws {
        for _ in 0..<4 { owners[try add(1)] = 1 }
        for _ in 0..<8 { owners[try add(2)] = 2 }
        let lengths = owners.mapValues { $0 == 1 ? 20 : 10 }
        let order = drain { lengths[$0] ?? 0 }
        #expect(order.prefix(9).count { owners[$0] == 1 } == 3)
        #expect(order.count == 12)
    }

    @Test func runningJobsCount() throws {
        for _ in 0..<3 { try add(1) }
        #expect(takeNext() == 1)
        for _ in 0..<3 { try add(2) }
        // User 2 has been given as little so far, and runs nothing.
        #expect([takeNext(), takeNext(), takeNext()] == [4, 2, 5])
    }

    /// Nobody who stays away for a while comes back to a hoard of turns.
    @Test func absenceEarnsNothing() throws {
        for _ in 0..<100 { owners[try add(1)] = 1 }
        for _ in 0..<50 {
            guard let number = queue.takeNext() else { continue }
            queue.charge(10, to: 1)
            queue.finish(number)
        }
        for _ in 0..<50 { owners[try add(2)] = 2 }
        let order = drain()
        #expect((9...11).contains(order.prefix(20).count { owners[$0] == 2 }))
    }

    /// Nor does one escape the count by leaving between two jobs.
    @Test func comingBackForgivesNothing() throws {
        for _ in 0..<10 { try add(1) }
        var given: [UInt32: Int] = [1: 0, 2: 0]
        var mine = try add(2)
        for _ in 0..<12 {
            let number = try #require(takeNext())
            let user: UInt32 = number == mine ? 2 : 1
            let service = user == 2 ? 30 : 10
            queue.charge(service, to: user)
            given[user, default: 0] += service
            queue.finish(number)
            if user == 2 { mine = try add(2) }
        }
        #expect(abs(given[1, default: 0] - given[2, default: 0]) <= 30)
    }

    @Test func placesAreWhatComesTrue() throws {
        for _ in 0..<4 { owners[try add(1)] = 1 }
        for _ in 0..<2 { owners[try add(2)] = 2 }
        owners[try add(3)] = 3
        try add(1, priority: 5)
        owners[8] = 1
        let places = (1...8).compactMap { queue.ahead(of: $0) }
        #expect(places.count == 8)
        let order = drain()
        for (index, number) in order.enumerated() {
            #expect(places[number - 1] == index, "job \(number) of \(order)")
        }
        #expect(queue.ahead(of: 1) == nil)
    }

    @Test func whoLeavesIsNotMissed() throws {
        for _ in 0..<600 { try add(1) }
        for number in stride(from: 2, through: 600, by: 2) {
            #expect(remove(number))
            #expect(!remove(number))
        }
        #expect(queue.waiting == 300)
        #expect(queue.ahead(of: 599) == 299)
        #expect(drain() == Array(stride(from: 1, through: 599, by: 2)))
    }

    @Test func limitsAreKept() throws {
        let limits = JobQueue.Limits(
            concurrency: 2, waiting: 3, jobsPerUser: 3, bytesPerUser: 100)
        func take(_ user: UInt32, _ bytes: Int) throws(JobQueue.Refusal) -> JobQueue.Ticket {
            try queue.reserve(user: user, priority: 0, bytes: bytes, limits: limits)
        }
        queue.insert(try take(1, 60))
        #expect(throws: JobQueue.Refusal.userBytes(60)) { try take(1, 41) }
        queue.insert(try take(1, 40))
        // A job that runs holds its pictures no more, and still counts as a job.
        #expect(takeNext() == 1)
        queue.insert(try take(1, 60))
        #expect(throws: JobQueue.Refusal.userJobs(3)) { try take(1, 0) }
        queue.insert(try take(2, 0))
        // One more than may wait: it will run at once.
        queue.insert(try take(3, 0))
        #expect(throws: JobQueue.Refusal.full(waiting: 4)) { try take(4, 0) }
        #expect(remove(3))
        #expect(throws: Never.self) { try take(4, 0) }
    }

    /// With so many, anything quadratic would take minutes.
    @Test func manyJobs() throws {
        for number in 0..<20_000 {
            try add(UInt32(number % 3), priority: number % 21 - 10, bytes: 0)
        }
        for number in stride(from: 1, to: 20_000, by: 7) { #expect(remove(number)) }
        var ahead = 0
        for number in stride(from: 1, to: 20_000, by: 10) { ahead += queue.ahead(of: number) ?? 0 }
        #expect(ahead > 0)
        #expect(drain().count == 20_000 - 2857)
    }
}
