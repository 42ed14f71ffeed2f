import Dispatch
import Pipelines
import Synchronization

/// Events of one story, carried from the thread that makes them to the one that shows them.
final class EventQueue: Sendable {
    private let events = Mutex<[StoryEvent]>([])
    private let filled = DispatchSemaphore(value: 0)
    private let isOver = Mutex(false)

    func put(_ event: StoryEvent) {
        events.withLock { $0.append(event) }
        filled.signal()
    }

    /// The next event, once there is one; `nil` after the event that ends a story.
    func take() -> StoryEvent? {
        if isOver.withLock({ $0 }) { return nil }
        filled.wait()
        let event = events.withLock { $0.removeFirst() }
        switch event {
        case .finished, .failed: isOver.withLock { $0 = true }
        default: break
        }
        return event
    }
}
