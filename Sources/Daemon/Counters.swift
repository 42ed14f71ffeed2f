internal import Pipelines
internal import Wire

/// What is counted since the start. On the loop's thread alone.
final class Counters {
    private struct Calls {
        var all = 0
        var failed = 0
    }

    private var calls: [Wire.Method: Calls] = [:]
    private var refused: [RequestError.Code: Int] = [:]
    private var cutOff: [CutOff: Int] = [:]
    var waited = DurationCounts()
    var ran = DurationCounts()

    /// Why the daemon has closed a connection.
    enum CutOff: String, CaseIterable {
        case protocolError = "protocol_error"
        case partialFrame = "partial_frame"
        case writeStalled = "write_stalled"
        case other
    }

    func countCall(_ method: Wire.Method) { calls[method, default: Calls()].all += 1 }
    func countFailure(of method: Wire.Method) { calls[method, default: Calls()].failed += 1 }
    func count(refused code: RequestError.Code) { refused[code, default: 0] += 1 }
    func count(_ reason: CutOff) { cutOff[reason, default: 0] += 1 }

    var methods: [MethodCalls] {
        calls.map { method, calls in
            MethodCalls(
                method: "\(method.service)/\(method.name)", calls: calls.all, errors: calls.failed)
        }.sorted { $0.method < $1.method }
    }

    var refusals: [ReasonCount] {
        refused.map { ReasonCount(reason: $0.key.rawValue, count: $0.value) }
            .sorted { $0.reason < $1.reason }
    }

    var cutOffs: [String: Int] {
        Dictionary(uniqueKeysWithValues: cutOff.map { ($0.key.rawValue, $0.value) })
    }
}

/// How many durations fell between bounds that double.
struct DurationCounts {
    /// In milliseconds; the last count is of those above all.
    static let bounds = (0...18).map { 1 << $0 }  // 1 ms … 4.4 minutes

    private(set) var counts = [Int](repeating: 0, count: bounds.count + 1)
    private(set) var sum = Duration.zero

    mutating func add(_ duration: Duration) {
        let index = Self.bounds.firstIndex { duration <= .milliseconds($0) } ?? Self.bounds.count
        counts[index] += 1
        sum += duration
    }
}
