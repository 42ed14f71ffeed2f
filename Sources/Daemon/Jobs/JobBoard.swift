internal import Pipelines
internal import Wire

/// All jobs that the daemon knows: those that wait and run, and the last of those that have ended.
/// On the loop's thread alone.
final class JobBoard {
    private let options: JobOptions
    private let counters: Counters
    private var records: [String: JobRecord] = [:]
    /// Not yet accepted.
    private var arriving: [ObjectIdentifier: JobRecord] = [:]
    /// Those that have ended, the oldest first.
    private var ended: [JobRecord] = []
    /// Called when a job has ended.
    var onEnd: () -> Void = {}

    init(_ options: JobOptions, _ counters: Counters) {
        self.options = options
        self.counters = counters
    }

    /// A record of a job that is about to be submitted.
    func add(_ terms: JobRecord.Terms) -> JobRecord {
        let record = JobRecord(terms)
        arriving[ObjectIdentifier(record)] = record
        return record
    }

    func receive(_ event: EncodedEvent, for record: JobRecord) {
        guard !record.isOver else { return }
        record.append(event)
        switch event.mark {
        case .accepted:
            arriving[ObjectIdentifier(record)] = nil
            records[record.id] = record
        case .started: counters.waited.add(record.waited)
        case .finished, .failed: didEnd(record)
        default: break
        }
    }

    func refuse(_ record: JobRecord, _ error: RequestError) {
        arriving[ObjectIdentifier(record)] = nil
        counters.count(refused: error.code)
        record.refuse(error)
        onEnd()
    }

    /// Whether a job waits or runs.
    var isBusy: Bool { !arriving.isEmpty || records.count > ended.count }

    /// Jobs that wait and run.
    var liveCount: Int { arriving.count + records.count - ended.count }

    var endedCount: Int { ended.count }
    /// Of the events of jobs that have ended.
    private(set) var endedBytes = 0

    /// Ends all that wait and run.
    func endAll(_ error: RequestError) {
        for record in Array(arriving.values) + Array(records.values) { end(record, error) }
    }

    /// Ends a job by order of the daemon.
    func end(_ record: JobRecord, _ error: RequestError) {
        guard !record.isOver else { return }
        guard !record.id.isEmpty else {
            record.cancel()
            return refuse(record, error)
        }
        record.end(error)
        didEnd(record)
    }

    private func didEnd(_ record: JobRecord) {
        if record.started != nil { counters.ran.add(record.ran) }
        ended.append(record)
        endedBytes += record.log?.byteCount ?? 0
        record.onUnwatched = { [unowned self, unowned record] in forgetDelivered(record) }
        if record.watcherCount == 0 { forgetDelivered(record) }
        forgetOld()
        onEnd()
    }
}

// MARK: - Asking

extension JobBoard {
    /// - Parameter user: whose jobs; `nil` for all.
    func job(_ id: String, of user: UInt32?) -> JobRecord? {
        forgetOld()
        guard let record = records[id], user == nil || record.terms.user == user else { return nil }
        return record
    }

    /// Those that run, then those that wait, then those that have ended, the last first.
    func jobs(of user: UInt32?, withEnded: Bool) -> [JobRecord] {
        forgetOld()
        let live = records.values.filter { !$0.isOver }.map { ($0, $0.ahead) }
            .sorted { a, b in
                let (isFirst, isSecond) = (a.0.state == .running, b.0.state == .running)
                guard isFirst == isSecond else { return isFirst }
                return (a.1, a.0.submitted.instant) < (b.1, b.0.submitted.instant)
            }
            .map(\.0)
        return (live + (withEnded ? ended.reversed() : []))
            .filter { user == nil || $0.terms.user == user }
    }
}

// MARK: - Forgetting

extension JobBoard {
    /// The events of a job that is not detached are for its own client, who has had them, or has
    /// gone.
    private func forgetDelivered(_ record: JobRecord) {
        guard !record.terms.isDetached, let log = record.log else { return }
        endedBytes -= log.byteCount
        record.forgetEvents()
    }

    private func forgetOld() {
        let oldest = ContinuousClock.now - options.keptTime
        while let record = ended.first,
            ended.count > options.kept || endedBytes > options.keptBytes
                || (record.ended ?? .now) < oldest
        {
            ended.removeFirst()
            records[record.id] = nil
            record.onUnwatched = {}  // it is not counted any more
            endedBytes -= record.log?.byteCount ?? 0
        }
    }
}
