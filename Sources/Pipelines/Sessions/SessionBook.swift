/// The sessions of all users, with their limits: no clock and no thread.
///
/// Instants are durations since the same moment. A session's own turn keeps it: it is neither
/// forgotten nor dropped from the cache meanwhile.
struct SessionBook {
    struct Key: Hashable {
        let user: UInt32
        let name: String
    }

    struct Entry {
        /// Of this very session: another may get its name.
        let serial: Int
        fileprivate(set) var content: SessionContent
        fileprivate(set) var memory = ContextMemory()
        fileprivate(set) var cacheBytes = 0
        let createdUnix: Int
        fileprivate(set) var usedUnix: Int
        fileprivate(set) var used: Duration
        fileprivate(set) var isBusy = false
        /// Of the turn that waits or runs, once it is known.
        fileprivate(set) var job: Job?
    }

    /// Now, for two purposes.
    struct Moment {
        var now: Duration
        var unix: Int
    }

    let options: SessionOptions
    private var entries: [Key: Entry] = [:]
    private var counts: [UInt32: Int] = [:]
    private(set) var totals = SessionTotals()
    private var lastSerial = 0

    init(_ options: SessionOptions) { self.options = options }

    // MARK: Coming and going

    /// - Parameter name: `nil` for one that is made here.
    mutating func add(
        _ content: SessionContent, name: String?, user: UInt32, at moment: Moment
    ) throws(RequestError) -> Key {
        let bytes = content.byteCount
        if totals.sessions >= options.maximum || counts[user, default: 0] >= options.perUser {
            expire(moment.now)
        }
        let key = Key(user: user, name: try name.map(Self.checked) ?? freeName(user))
        guard entries[key] == nil else {
            throw RequestError(.sessionExists, "there is a session \"\(key.name)\" already")
        }
        guard counts[user, default: 0] < options.perUser else {
            throw RequestError(
                .sessionLimit,
                "this user has \(options.perUser) sessions, which is the limit; delete one")
        }
        guard totals.sessions < options.maximum else {
            throw RequestError(
                .sessionLimit,
                "there are \(options.maximum) sessions, which is the limit; try again later")
        }
        try requireRoom(for: bytes)
        lastSerial += 1
        entries[key] = Entry(
            serial: lastSerial, content: content, createdUnix: moment.unix, usedUnix: moment.unix,
            used: moment.now)
        counts[user, default: 0] += 1
        totals.sessions += 1
        totals.bytes += bytes
        return key
    }

    /// - Returns: the turn that was under way, to be cancelled.
    mutating func remove(_ key: Key) -> Job? {
        guard let entry = entries.removeValue(forKey: key) else { return nil }
        let left = (counts[key.user] ?? 0) - 1
        counts[key.user] = left > 0 ? left : nil
        totals.sessions -= 1
        totals.bytes -= entry.content.byteCount
        totals.cacheBytes -= entry.cacheBytes
        if entry.isBusy { totals.busy -= 1 }
        return entry.job
    }

    /// Forgets what was not used for too long.
    mutating func expire(_ now: Duration) {
        for (key, entry) in entries where isOver(entry, now) { _ = remove(key) }
    }

    // MARK: Looking

    /// - Throws: `no_session` for one that is not there, over, or another user's.
    func entry(_ name: String, user: UInt32, at now: Duration) throws(RequestError) -> Entry {
        let key = Key(user: user, name: name)
        guard let entry = entries[key], !isOver(entry, now) else {
            throw RequestError(.noSession, "there is no session \"\(name.prefix(64))\"")
        }
        return entry
    }

    /// The one used last first.
    func summaries(of user: UInt32, at now: Duration) -> [SessionSummary] {
        entries.filter { $0.key.user == user && !isOver($0.value, now) }
            .sorted { ($1.value.used, $1.value.serial) < ($0.value.used, $0.value.serial) }
            .map { summary($0.key, $0.value, now) }
    }

    func summary(_ key: Key, _ entry: Entry, _ now: Duration) -> SessionSummary {
        SessionSummary(
            name: key.name, user: key.user, turns: entry.content.turns.count,
            pictures: entry.content.pictures.count, settings: entry.content.settings,
            cacheBytes: entry.cacheBytes, pictureBytes: entry.content.pictureBytes,
            cachedPositions: entry.memory.cachedPositions,
            createdUnixMilliseconds: entry.createdUnix,
            usedUnixMilliseconds: entry.usedUnix,
            left: entry.isBusy ? nil : options.timeToLive.map { $0 - (now - entry.used) },
            job: entry.job?.id)
    }

    private func isOver(_ entry: Entry, _ now: Duration) -> Bool {
        guard let time = options.timeToLive, !entry.isBusy else { return false }
        return now - entry.used >= time
    }

    // MARK: Changing

    /// A turn begins.
    /// - Parameter bytes: that it brings.
    mutating func begin(
        _ name: String, user: UInt32, bytes: Int, at moment: Moment
    ) throws(RequestError) -> Entry {
        let key = Key(user: user, name: name)
        let entry = try idle(name, user: user, at: moment.now)
        guard entry.content.turns.count < options.turns else {
            throw RequestError(
                .sessionLimit,
                "session \"\(name)\" has \(options.turns) turns, which is the limit; go on in a "
                    + "new one, or forget some")
        }
        try requireRoom(for: bytes)
        change(key) { entry in
            entry.isBusy = true
            // The turn has it, and gives it back.
            entry.memory = ContextMemory()
            entry.used = moment.now
            entry.usedUnix = moment.unix
        }
        totals.busy += 1
        return entry
    }

    /// A turn has become a job.
    /// - Returns: whether the session is still there.
    mutating func note(_ job: Job, _ lease: SessionLease) -> Bool {
        guard entries[lease.key]?.serial == lease.serial else { return false }
        change(lease.key) { $0.job = job }
        return true
    }

    /// A turn is over.
    mutating func end(_ lease: SessionLease, _ result: TurnResult, at moment: Moment) {
        guard entries[lease.key]?.serial == lease.serial else { return }
        change(lease.key) { entry in
            if let turn = result.turn {
                entry.content.turns.append(turn)
                entry.content.pictures += result.pictures
            }
            entry.memory = result.memory
            entry.memory.forget(picturesFrom: entry.content.pictures.count)
            entry.isBusy = false
            entry.job = nil
            entry.used = moment.now
            entry.usedUnix = moment.unix
        }
        totals.busy -= 1
        dropCaches()
    }

    /// Keeps the first turns.
    mutating func truncate(
        _ name: String, turns: Int, user: UInt32, at moment: Moment
    ) throws(RequestError) {
        let entry = try idle(name, user: user, at: moment.now)
        guard (0...entry.content.turns.count).contains(turns) else {
            throw RequestError(
                .invalid,
                "turns is \(turns); session \"\(name)\" has \(entry.content.turns.count)")
        }
        change(Key(user: user, name: name)) { entry in
            entry.content = entry.content.prefix(turns: turns)
            entry.memory.forget(picturesFrom: entry.content.pictures.count)
            entry.used = moment.now
            entry.usedUnix = moment.unix
        }
    }

    /// Drops what other stages have made than those that serve.
    mutating func adapt(to generation: Generation) {
        for (key, entry) in entries where !entry.isBusy && entry.cacheBytes > 0 {
            change(key) { $0.memory.adapt(to: generation) }
        }
    }

    private func idle(
        _ name: String, user: UInt32, at now: Duration
    ) throws(RequestError) -> Entry {
        let entry = try entry(name, user: user, at: now)
        guard !entry.isBusy else {
            throw RequestError(
                .sessionBusy,
                "a turn of session \"\(name)\" is under way; wait for its end, or cancel it")
        }
        return entry
    }

    private mutating func change(_ key: Key, _ body: (inout Entry) -> Void) {
        guard var entry = entries.removeValue(forKey: key) else { return }
        totals.bytes -= entry.content.byteCount
        totals.cacheBytes -= entry.cacheBytes
        body(&entry)
        entry.cacheBytes = entry.memory.byteCount
        totals.bytes += entry.content.byteCount
        totals.cacheBytes += entry.cacheBytes
        entries[key] = entry
    }

    /// Drops the caches that were not used for longest, until the others fit.
    private mutating func dropCaches() {
        guard totals.cacheBytes > options.cacheBytes else { return }
        let oldest = entries.filter { $0.value.cacheBytes > 0 }.sorted {
            ($0.value.used, $0.value.serial) < ($1.value.used, $1.value.serial)
        }
        for (key, _) in oldest {
            change(key) { $0.memory = ContextMemory() }
            if totals.cacheBytes <= options.cacheBytes { return }
        }
    }

    private func requireRoom(for bytes: Int) throws(RequestError) {
        guard bytes <= options.bytes - totals.bytes else {
            throw RequestError(
                .sessionLimit,
                "the sessions of all users hold \(totals.bytes) bytes of pictures and texts, and "
                    + "\(bytes) more would pass the limit of \(options.bytes); delete some, or "
                    + "raise sessions.bytes")
        }
    }

    // MARK: Names

    private func freeName(_ user: UInt32) -> String {
        var number = lastSerial + 1
        while entries[Key(user: user, name: "s\(number)")] != nil { number += 1 }
        return "s\(number)"
    }

    static func checked(_ name: String) throws(RequestError) -> String {
        func isPlain(_ byte: UInt8) -> Bool {
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        }
        let bytes = Array(name.utf8)
        guard (1...64).contains(bytes.count), isPlain(bytes[0]),
            bytes.allSatisfy({ isPlain($0) || "._-".utf8.contains($0) })
        else {
            throw RequestError(
                .invalid,
                "\"\(name.prefix(64))\" is no name of a session: 1 to 64 of a-z, 0-9, '.', '_' "
                    + "and '-', the first a letter or a digit")
        }
        return name
    }
}
