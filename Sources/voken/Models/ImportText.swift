import ModelImport
import Stories

/// An import for people.
struct ImportText {
    private let planned: ModelImport

    init(_ planned: ModelImport) { self.planned = planned }

    /// What the sources are, and what becomes of their tensors.
    var text: String {
        var text = ""
        for part in planned.sources.flatMap(\.parts) {
            text += "\(part.path): \(part.kind.text)\n"
        }
        var rows = [["STAGE", "USED", "UNUSED", "MISSING", "UNKNOWN"]]
        for report in planned.reports {
            rows.append([
                report.stage.rawValue, String(report.used.count), String(report.unused.count),
                String(report.missing.count + report.misshapen.count),
                String(report.unknown.count),
            ])
        }
        text += table(rows)
        for note in planned.notes { text += "note: \(note)\n" }
        for report in planned.reports where !report.unused.isEmpty {
            text += "\(report.stage.rawValue) does without \(some(report.unused))\n"
        }
        return text + "\(byteText(planned.byteCount)) as \(planned.order.types)\n"
    }

    var conclusion: String {
        let folder = planned.order.target
        var text = "wrote \(folder)\n"
        let missing = planned.missingStages.map(\.rawValue)
        if missing.isEmpty {
            text += "next: voken generate \"…\" --pipeline \(folder)/pipeline.toml\n"
        } else {
            text +=
                "\(folder)/pipeline.toml lacks \(missing.joined(separator: ", ")): import them too, "
                + "or name them there\n"
        }
        return text
    }

    private func some(_ names: [String]) -> String {
        let rest = names.count > 4 ? " and \(names.count - 4) more" : ""
        return names.prefix(4).joined(separator: ", ") + rest
    }
}

/// An import for programs.
struct ImportReport: Encodable {
    struct Source: Encodable {
        let path, kind: String
    }

    struct Stage: Encodable {
        let stage: String
        let used, unused, missing, unknown: [String]
    }

    let folder, type: String
    let bytes: Int
    let sources: [Source]
    let stages: [Stage]
    let notes, missing_stages: [String]
    let fingerprint: String?
    /// Whether it was written.
    let done: Bool

    init(_ planned: ModelImport, _ manifest: Manifest?) {
        folder = planned.order.target
        type = planned.order.types.description
        bytes = planned.byteCount
        sources = planned.sources.flatMap(\.parts).map {
            Source(path: $0.path, kind: $0.kind.rawValue)
        }
        stages = planned.reports.map {
            Stage(
                stage: $0.stage.rawValue, used: $0.used, unused: $0.unused, missing: $0.missing,
                unknown: $0.unknown)
        }
        notes = planned.notes
        missing_stages = planned.missingStages.map(\.rawValue)
        fingerprint = manifest?.fingerprint
        done = manifest != nil
    }
}
