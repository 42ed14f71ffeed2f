import Dispatch
import Synchronization

/// Conversations that are kept between their turns, each for the user who made it: to others it is
/// not there. `Engine/submit(_:session:terms:events:)` takes their turns.
///
/// May be used from any thread.
public final class SessionStore: Sendable {
    private let book: Mutex<SessionBook>
    /// The one that serves, which settings are checked with.
    private let generation: Mutex<Generation>
    private let clock: SessionClock
    private let housekeeping = DispatchQueue(label: "voken-sessions", qos: .utility)
    private let timer = Mutex<Alarm?>(nil)

    /// - Parameter generation: the pipeline's, with the limits.
    init(_ generation: Generation, clock: SessionClock = .system) {
        book = Mutex(SessionBook(generation.file.sessions))
        self.generation = Mutex(generation)
        self.clock = clock
        scheduleExpiry()
    }

    /// - Parameters:
    ///   - name: `nil` for one that is made here.
    ///   - settings: those without a seed get one.
    public func create(
        name: String? = nil, settings: SessionSettings = SessionSettings(), user: UInt32
    ) throws(RequestError) -> SessionSummary {
        let generation = generation.withLock { $0 }
        _ = try Drawing(settings, generation)
        var settings = settings
        settings.seed = settings.seed ?? generation.file.defaults.seed ?? Seeds.random()
        return try add(SessionContent(settings: settings), name: name, user: user)
    }

    /// All turns and pictures.
    public func get(_ name: String, user: UInt32) throws(RequestError) -> SessionContent {
        try entry(name, user).content
    }

    public func summary(of name: String, user: UInt32) throws(RequestError) -> SessionSummary {
        let entry = try entry(name, user)
        return book.withLock {
            $0.summary(SessionBook.Key(user: user, name: name), entry, clock.now())
        }
    }

    /// The one used last first.
    public func list(user: UInt32) -> [SessionSummary] {
        book.withLock { $0.summaries(of: user, at: clock.now()) }
    }

    /// A new session with the first turns of another.
    /// - Parameters:
    ///   - newName: `nil` for one that is made here.
    ///   - turns: `nil` for all.
    public func fork(
        _ name: String, name newName: String? = nil, turns: Int? = nil, user: UInt32
    ) throws(RequestError) -> SessionSummary {
        let content = try entry(name, user).content
        let turns = turns ?? content.turns.count
        guard (0...content.turns.count).contains(turns) else {
            throw RequestError(
                .invalid, "turns is \(turns); session \"\(name)\" has \(content.turns.count)")
        }
        return try add(content.prefix(turns: turns), name: newName, user: user)
    }

    /// Forgets all but the first turns.
    public func truncate(
        _ name: String, turns: Int, user: UInt32
    ) throws(RequestError) -> SessionSummary {
        try locked { book throws(RequestError) in
            try book.truncate(name, turns: turns, user: user, at: clock.moment)
        }
        return try summary(of: name, user: user)
    }

    /// A turn that is under way is cancelled.
    public func delete(_ name: String, user: UInt32) throws(RequestError) {
        let job = try locked { book throws(RequestError) in
            _ = try book.entry(name, user: user, at: clock.now())
            return book.remove(SessionBook.Key(user: user, name: name))
        }
        job?.cancel()
    }

    /// Takes what ``get(_:user:)`` gave, of any daemon, once all of it was checked.
    public func `import`(
        _ content: SessionContent, name: String? = nil, user: UInt32
    ) throws(RequestError) -> SessionSummary {
        let generation = generation.withLock { $0 }
        try content.check(for: generation)
        var content = content
        content.settings.seed =
            content.settings.seed ?? generation.file.defaults.seed ?? Seeds.random()
        return try add(content, name: name, user: user)
    }

    public var totals: SessionTotals { book.withLock(\.totals) }

    private func add(
        _ content: SessionContent, name: String?, user: UInt32
    ) throws(RequestError) -> SessionSummary {
        let moment = clock.moment
        return try locked { book throws(RequestError) in
            let key = try book.add(content, name: name, user: user, at: moment)
            let entry = try book.entry(key.name, user: user, at: moment.now)
            return book.summary(key, entry, moment.now)
        }
    }

    private func entry(_ name: String, _ user: UInt32) throws(RequestError) -> SessionBook.Entry {
        try locked { book throws(RequestError) in
            try book.entry(name, user: user, at: clock.now())
        }
    }

    private func locked<Result>(
        _ body: (inout SessionBook) throws(RequestError) -> Result
    ) throws(RequestError) -> Result {
        try book.withLock { book throws(RequestError) in try body(&book) }
    }
}

// MARK: - Turns

extension SessionStore {
    /// A turn begins: no other may, before it has ended.
    func begin(
        _ turn: TurnRequest, _ name: String, user: UInt32
    ) throws(RequestError) -> (SessionLease, SessionContent, ContextMemory) {
        let entry = try locked { book throws(RequestError) in
            try book.begin(name, user: user, bytes: turn.byteCount, at: clock.moment)
        }
        let key = SessionBook.Key(user: user, name: name)
        return (SessionLease(key: key, serial: entry.serial), entry.content, entry.memory)
    }

    /// A turn has become a job; of a session that was deleted meanwhile, it is cancelled.
    func note(_ job: Job, _ lease: SessionLease) {
        if !book.withLock({ $0.note(job, lease) }) { job.cancel() }
    }

    /// A turn is over.
    func end(_ lease: SessionLease, _ result: TurnResult) {
        var result = result
        // Of a stage that was replaced meanwhile nothing stays.
        result.memory.adapt(to: generation.withLock { $0 })
        book.withLock { $0.end(lease, result, at: clock.moment) }
    }

    /// Another generation serves.
    func serve(_ generation: Generation) {
        self.generation.withLock { $0 = generation }
        housekeeping.async { [self] in book.withLock { $0.adapt(to: generation) } }
    }
}

// MARK: - Time

extension SessionStore {
    /// Forgets what was not used for too long; a timer does it too.
    func expire() { book.withLock { $0.expire(clock.now()) } }

    /// Often enough that nothing lives much longer than it should.
    private func scheduleExpiry() {
        guard let time = book.withLock(\.options.timeToLive) else { return }
        let next = ContinuousClock.now + min(max(time / 8, .seconds(1)), .seconds(60))
        let alarm = Alarm(at: next, on: housekeeping) { [weak self] in
            self?.expire()
            self?.scheduleExpiry()
        }
        timer.withLock { $0 = alarm }
    }
}
