import BenchmarkSupport
import Foundation
import Synchronization
import VokenClient
import Wire

/// Clients that ask for one story after the other until they are told to stop.
final class Load: Sendable {
    struct Outcome: Sendable {
        var stories = 0
        /// Requests that were refused or failed, or whose connection was lost.
        var failed: [String] = []
        /// Stories that are not what they must be.
        var altered: [String] = []
        var milliseconds: [Double] = []
        /// Of each scheduler line in recipes, how many stories had it.
        var schedulers: [String: Int] = [:]
    }

    private let isStopping = Atomic<Bool>(false)
    private let outcome = Mutex(Outcome())
    private let ended = DispatchGroup()

    init(
        _ clients: Int, of daemon: DaemonProcess, _ stories: [GenerateRequest],
        _ references: References
    ) {
        let socket = daemon.socket
        for number in 0..<clients {
            ended.enter()
            let thread = Thread { [self] in
                tell(stories, from: number, socket, references)
                ended.leave()
            }
            thread.start()
        }
    }

    /// Lets the stories that are under way end.
    func finish() -> Outcome {
        isStopping.store(true, ordering: .relaxed)
        ended.wait()
        return outcome.withLock { $0 }
    }

    private func tell(
        _ stories: [GenerateRequest], from first: Int, _ socket: String, _ references: References
    ) {
        let client: Client
        do {
            client = try Client.connect(path: socket)
        } catch {
            return outcome.withLock { $0.failed.append("\(error)") }
        }
        var number = first
        while !isStopping.load(ordering: .relaxed) {
            let telling = Telling(stories[number % stories.count], from: client)
            number += 1
            let fault = references.fault(of: telling)
            outcome.withLock { outcome in
                outcome.stories += 1
                outcome.milliseconds.append(telling.seconds * 1000)
                outcome.schedulers[telling.recipe["scheduler"] ?? "none", default: 0] += 1
                if let failure = telling.failure {
                    outcome.failed.append(failure)
                } else if let fault {
                    outcome.altered.append(fault)
                }
            }
            // A daemon that is gone refuses thousands in a second.
            if telling.failure != nil { usleep(100_000) }
        }
    }
}

extension Report {
    /// What the issue asks of every request under swaps.
    func expectUndisturbed(_ outcome: Load.Outcome) {
        expect(
            "requests during the swaps", asked: "some, 0 failed",
            seen: faulty("\(outcome.stories), \(outcome.failed.count) failed", outcome.failed),
            holds: outcome.stories > 0 && outcome.failed.isEmpty)
        expect(
            "their texts and pictures", asked: "0 that differ from an undisturbed run's",
            seen: faulty("\(outcome.altered.count)", outcome.altered),
            holds: outcome.altered.isEmpty)
    }
}
