import ArgumentParser
import Stories
import VokenClient
import Wire

/// Shows a swap as it happens: for people, or as JSON lines.
struct SwapOutput: ParsableArguments {
    @Flag(help: "Print events as JSON lines.")
    var json = false

    @Flag(name: .shortAndLong, help: "Print nothing but errors.")
    var quiet = false

    /// - Throws: a ``Failure`` if the swap fails, or is refused.
    func follow(_ begin: () throws -> EventStream<SwapEvent>) throws {
        do {
            let events = try begin()
            while let event = try events.next() {
                if json {
                    write(Stories.json(SwapLine(event)) + "\n", to: 1)
                } else if !quiet {
                    for line in event.lines { write(line + "\n", to: 1) }
                }
                if case .failed(let failed) = event.kind {
                    throw Failure.swap(failed, generation: event.generation)
                }
            }
        } catch let error as ClientError {
            throw Failure(error)
        }
    }
}

extension Failure {
    static func swap(_ failed: SwapEvent.Failed, generation: Int) -> Failure {
        let stage = failed.stage.isEmpty ? "" : failed.stage + ": "
        return .failed(
            "\(failed.code) in \(failed.phase): \(stage)\(failed.message)\n"
                + "generation \(generation) keeps serving")
    }
}

extension SwapEvent {
    /// The event for people.
    fileprivate var lines: [String] {
        switch kind {
        case .change(let change):
            let (before, after) = (change.before, change.after)
            if before.isEmpty { return ["+ \(change.key) = \(after)"] }
            if after.isEmpty { return ["- \(change.key) = \(before)"] }
            return ["~ \(change.key) = \(after)  (was \(before))"]
        case .phase(let phase): return [phase.line]
        case .committed(let commit):
            let holders =
                commit.holders == 0
                ? "" : "  \(count(commit.holders, "request")) finishing on \(commit.previous)"
            return [
                column("commit") + "generation \(commit.generation) serves  "
                    + "(\(milliseconds(commit.microseconds)))" + holders
            ]
        case .finished(let result): return lines(result)
        case .failed, .unknown: return []
        }
    }

    private func lines(_ result: Finished) -> [String] {
        guard result.committed else {
            return ["nothing was changed: generation \(generation) serves"]
        }
        var lines = [
            column("drain")
                + (result.drained
                    ? "no request is left on the old generation" : "requests are left")
                + "  (\(result.drainMilliseconds) ms)"
        ]
        for holder in result.holders {
            lines.append(column("") + "\(holder.job): \(holder.position)")
        }
        lines.append(
            column("memory")
                + (result.kept ? "the old generation is kept for rollback; " : "")
                + "given back \(byteText(result.returnedPrivate)), unmapped "
                + "\(byteText(result.returnedMapped)); \(byteText(result.residentBytes)) resident")
        return lines
    }
}

extension SwapEvent.Phase {
    /// The phase for people.
    var line: String {
        let stage = stage.isEmpty ? "" : stage + "  "
        return column(name) + stage + (detail.isEmpty ? "done" : detail)
            + "  (\(milliseconds(microseconds)))"
    }
}

private func column(_ name: String) -> String {
    name + String(repeating: " ", count: max(1, 11 - name.count))
}

func milliseconds(_ microseconds: Int) -> String {
    let hundredths = (microseconds + 5) / 10
    return "\(hundredths / 100).\(hundredths % 100 / 10)\(hundredths % 10) ms"
}

/// In the unit that gives up to four digits.
func byteText(_ count: Int) -> String {
    if count < 10 << 10 { return "\(count) B" }
    return count < 10 << 20 ? "\(count >> 10) KiB" : "\(count >> 20) MiB"
}

func count(_ count: Int, _ what: String) -> String { "\(count) \(what)\(count == 1 ? "" : "s")" }

/// An event for programs: one object, with the keys of the event's kind.
struct SwapLine: Encodable {
    let seq: UInt64
    let generation: Int
    let type: String
    var key, before, after: String?
    var phase, stage, detail: String?
    var us: Int?
    var previous, holders: Int?
    var committed, drained, kept: Bool?
    var drain_ms, returned_private, returned_mapped, resident_bytes: Int?
    var left: [HolderReport]?
    var code, message: String?

    init(_ event: SwapEvent) {
        seq = event.seq
        generation = event.generation
        switch event.kind {
        case .change(let change):
            type = "change"
            key = change.key
            before = change.before.isEmpty ? nil : change.before
            after = change.after.isEmpty ? nil : change.after
        case .phase(let done):
            type = "phase"
            phase = done.name
            stage = done.stage.isEmpty ? nil : done.stage
            detail = done.detail
            us = done.microseconds
        case .committed(let commit):
            type = "committed"
            previous = commit.previous
            us = commit.microseconds
            holders = commit.holders
        case .finished(let result):
            type = "finished"
            committed = result.committed
            drained = result.drained
            kept = result.kept
            drain_ms = result.drainMilliseconds
            returned_private = result.returnedPrivate
            returned_mapped = result.returnedMapped
            resident_bytes = result.residentBytes
            left = result.holders.map(HolderReport.init)
        case .failed(let failed):
            type = "failed"
            phase = failed.phase
            stage = failed.stage.isEmpty ? nil : failed.stage
            code = failed.code
            message = failed.message
        case .unknown: type = "unknown"
        }
    }
}

struct HolderReport: Encodable {
    let job: String
    let generation: Int
    let position: String

    init(_ holder: Holder) {
        job = holder.job
        generation = holder.generation
        position = holder.position
    }
}
