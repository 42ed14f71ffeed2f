import BenchmarkSupport
import Foundation
import Synchronization
import Wire

/// What a bad client does.
struct Attack: Sendable {
    let name: String
    /// Seconds after which it must be cut off, by the daemon's limits.
    let limit: Int
    /// Does it once more, on a connection of its own.
    /// - Returns: whether it may go on; `false` once the daemon takes no more.
    let step: @Sendable (RawClient, _ round: Int) -> Bool
}

let attacks = [
    Attack(name: "one that stops reading", limit: 30) { client, round in
        client.write(request(.getDescriptors, round: round), flags: Int32(MSG_DONTWAIT))
        if errno == EAGAIN || round % 64 == 63 { usleep(20_000) }
        return !client.isHungUp
    },
    Attack(name: "one that sends a byte a second", limit: 10) { client, round in
        client.write([request(.version, round: 0)[round % 10]])
        for _ in 0..<50 where !client.isHungUp { usleep(20_000) }
        return !client.isHungUp
    },
    Attack(name: "one that sends garbage", limit: 1) { client, _ in
        var generator = SystemRandomNumberGenerator()
        client.write((0..<4096).map { _ in UInt8.random(in: 1...255, using: &generator) })
        return !client.isHungUp
    },
    Attack(name: "one that opens streams out of order", limit: 1) { client, round in
        let streams: [UInt32] = [2, 0, 9, 9, 7, 1, 1, 4, 0xFFFF_FFFE]
        let stream = streams[round % streams.count]
        let envelope = RequestEnvelope(service: "voken.v1.Admin", method: "Version")
        client.write(Frame(.data, stream: stream &+ 100, payload: [1, 2]).bytes)
        client.write(Frame(.request, stream: stream, payload: envelope.bytes).bytes)
        client.skim()
        return !client.isHungUp
    },
    Attack(name: "one that sends 4 MiB of empty sub-messages", limit: 10) { client, round in
        let envelope = RequestEnvelope(
            service: "voken.v1.Sessions", method: "Send", payload: hollow)
        client.write(
            Frame(.request, stream: UInt32(2 * round + 1), payload: envelope.bytes).bytes)
        client.skim()
        return !client.isHungUp
    },
]

/// A turn with two million empty images, for which C would take 32 MiB.
private let hollow: [UInt8] = {
    let images = [[UInt8]](repeating: [0x1A, 0], count: 2_000_000).flatMap { $0 }
    var count: [UInt8] = []
    var rest = images.count
    while rest >= 0x80 {
        count.append(UInt8(rest & 0x7F) | 0x80)
        rest >>= 7
    }
    return [0x12] + count + [UInt8(rest)] + images
}()

private func request(_ method: Wire.Method, round: Int) -> [UInt8] {
    let envelope = RequestEnvelope(service: method.service, method: method.name)
    return Frame(.request, stream: UInt32(2 * round + 1), payload: envelope.bytes).bytes
}

/// A thread that attacks, and a second after it is cut off again on a new connection.
final class Attacker: Sendable {
    private let isStopping = Atomic<Bool>(false)
    private let ended = DispatchSemaphore(value: 0)
    private let outcome = Mutex<(first: Double?, connections: Int)>((nil, 0))
    private let attack: Attack
    private let socket: String

    init(_ attack: Attack, _ socket: String) {
        self.attack = attack
        self.socket = socket
        let thread = Thread { [self] in
            run()
            ended.signal()
        }
        thread.start()
    }

    /// Goes on until the daemon has cut it off once, or should have long ago.
    /// - Returns: the seconds until it was first cut off, and how many connections it has had.
    func finish() -> (first: Double?, connections: Int) {
        isStopping.store(true, ordering: .relaxed)
        ended.wait()
        return outcome.withLock { $0 }
    }

    private func run() {
        while !isStopping.load(ordering: .relaxed) || outcome.withLock({ $0.first == nil }) {
            guard let client = try? RawClient(socket) else { return }
            let start = ContinuousClock.now
            let limit = start + .seconds(attack.limit + 5)
            var round = 0
            while attack.step(client, round) {
                round += 1
                let isKnown = outcome.withLock { $0.first != nil }
                if .now > limit || isKnown && isStopping.load(ordering: .relaxed) { return }
            }
            let seconds = (ContinuousClock.now - start) / .seconds(1)
            outcome.withLock { outcome in
                outcome.first = outcome.first ?? seconds
                outcome.connections += 1
            }
            usleep(1_000_000)
        }
    }
}
