import Foundation
import Testing

// What the programs print with `--json`.

/// What a command that swaps has said, and how it ended.
struct SwapOutcome {
    struct Line: Decodable {
        struct Holder: Decodable, Equatable {
            let job: String
            let generation: Int
            let position: String
        }

        let seq: Int
        let generation: Int
        let type: String
        let key, before, after: String?
        let phase, stage, detail: String?
        let previous, holders: Int?
        let committed, drained, kept: Bool?
        let left: [Holder]?
        let code, message: String?
    }

    let result: Program.Result
    let lines: [Line]
    let last: Line

    /// The phases that were done, and the stages that they were about.
    var phases: [String] { lines.filter { $0.type == "phase" }.compactMap(\.phase) }
    /// `key: before → after`, in the order of the keys.
    var changes: [String] {
        lines.filter { $0.type == "change" }
            .map { "\($0.key ?? ""): \($0.before ?? "–") → \($0.after ?? "–")" }
    }

    /// Requires what holds of every swap: lines in order without gaps, one end, the exit code
    /// that fits it.
    init(_ result: Program.Result, sourceLocation: SourceLocation = #_sourceLocation) throws {
        self.result = result
        lines = try objects(result.output)
        last = try #require(lines.last, "\(result)", sourceLocation: sourceLocation)
        #expect(
            lines.map(\.seq) == Array(1...lines.count), "\(result)", sourceLocation: sourceLocation)
        let ends = lines.filter { ["finished", "failed"].contains($0.type) }
        #expect(ends.count == 1, "\(result)", sourceLocation: sourceLocation)
        #expect(ends.last?.seq == last.seq, "\(result)", sourceLocation: sourceLocation)
        #expect(
            result.status == (last.type == "finished" ? 0 : 1), "\(result)",
            sourceLocation: sourceLocation)
    }
}

/// What `voken status` says.
struct DaemonStatus: Decodable {
    struct Generation: Decodable {
        let number: Int
        let state: String
        let holders: [SwapOutcome.Line.Holder]
    }

    struct Failure: Decodable {
        let phase, code, stage, message: String
    }

    struct Stage: Decodable, Equatable {
        let kind, name, plugin, options: String
        let fileSha256, weightsSha256: String
        let generation: Int
    }

    let generation: Int
    let lastSwapFailure: Failure?
    let generations: [Generation]
    let stages: [Stage]

    init(json: String) throws { self = try decoder.decode(Self.self, from: Data(json.utf8)) }

    var holders: [SwapOutcome.Line.Holder] { generations.flatMap(\.holders) }
}

/// A story that was told, or refused.
struct ToldStory {
    private struct Line: Decodable {
        let type: String
        let generation: Int?
        let scheduler, sha256, text, code, message: String?
        let recipe: [String: String]?
    }

    let result: Program.Result
    let generation: Int?
    /// Of the first picture.
    let recipe: [String: String]?
    /// As the recipe names it.
    let scheduler: String?
    /// The sums of the pictures, recipes included.
    let pictures: [String]
    let text: String
    let code: String?

    init(_ result: Program.Result) throws {
        self.result = result
        let lines: [Line] = try objects(result.output)
        generation = lines.compactMap(\.generation).first
        recipe = lines.compactMap(\.recipe).first
        scheduler = lines.compactMap(\.scheduler).first
        pictures = lines.compactMap(\.sha256)
        text = lines.compactMap(\.text).joined()
        code = lines.last?.code
    }
}

private let decoder: JSONDecoder = {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return decoder
}()

private func objects<Object: Decodable>(_ text: String) throws -> [Object] {
    try text.split(separator: "\n").map { try decoder.decode(Object.self, from: Data($0.utf8)) }
}
