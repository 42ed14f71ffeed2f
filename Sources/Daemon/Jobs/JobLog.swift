/// The events of one job, for whoever watches it, now or later.
///
/// Progress is kept while it is news: the steps of an image that is done are forgotten, and of very
/// many the older ones; their numbers stay unused.
struct JobLog {
    private static let mostSteps = 512
    /// What an event takes in memory besides its bytes.
    private static let overhead = 128

    private var events: [EncodedEvent] = []
    private var steps = 0
    /// Of memory.
    private(set) var byteCount = 0
    private(set) var lastSeq: UInt64 = 0

    mutating func append(_ event: EncodedEvent) {
        events.append(event)
        byteCount += event.bytes.count + JobLog.overhead
        lastSeq = event.seq
        switch event.mark {
        case .step:
            steps += 1
            if steps > JobLog.mostSteps { forgetSteps(keeping: JobLog.mostSteps / 2) }
        case .imageDone: forgetSteps(keeping: 0)
        default: break
        }
    }

    /// The first event from a number on.
    func first(from seq: UInt64) -> EncodedEvent? {
        // Few events are forgotten: what is looked for lies at most as far as its number says.
        var (low, high) = (0, events.count)
        while low < high {
            let middle = (low + high) / 2
            if events[middle].seq < seq { low = middle + 1 } else { high = middle }
        }
        return low < events.count ? events[low] : nil
    }

    /// The events that hold the file of an image, in order.
    func parts(ofImage index: Int) -> [EncodedEvent] {
        events.filter { event in
            switch event.mark {
            case .imagePart(let image), .imageDone(let image): image == index
            default: false
            }
        }
    }

    /// How many images are done.
    var imageCount: Int {
        events.count { if case .imageDone = $0.mark { true } else { false } }
    }

    private mutating func forgetSteps(keeping kept: Int) {
        var surplus = steps - kept
        guard surplus > 0 else { return }
        events.removeAll { event in
            guard surplus > 0, case .step = event.mark else { return false }
            surplus -= 1
            byteCount -= event.bytes.count + JobLog.overhead
            return true
        }
        steps = kept
    }
}
