internal import Wire

/// The events of a job from one number on, to its end.
final class JobFeed: Feed {
    let job: JobRecord
    private var nextSeq: UInt64
    private var isOver = false
    var onNews: () -> Void = {}

    init(_ job: JobRecord, from seq: UInt64 = 1) {
        self.job = job
        nextSeq = seq
        job.addWatcher(self) { [unowned self] in onNews() }
    }

    func next() -> FeedItem? {
        guard !isOver else { return nil }
        if let refusal = job.refusal { return last(.fail(Status(refusal))) }
        if let event = job.log?.first(from: nextSeq) {
            nextSeq = event.seq + 1
            return .message(event.bytes)
        }
        guard job.isOver else { return nil }
        return last(job.failure.map { .fail(Status($0)) } ?? .end)
    }

    func close() {
        isOver = true
        job.removeWatcher(self)
    }

    private func last(_ item: FeedItem) -> FeedItem {
        close()
        return item
    }
}
