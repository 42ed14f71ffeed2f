public import Checkpoints

/// A scheduler as people name it: a stage, and the options that the name stands for.
///
/// Four dialects are understood, in any case and with blanks, `_` and `-` alike: our own names with
/// suffixes (`dpmpp_2m+karras`), the classes of diffusers (`DPMSolverMultistepScheduler`), the
/// labels of A1111's and Forge's menus (`DPM++ 2M SDE Karras`), and InvokeAI's, ComfyUI's and
/// k-diffusion's spellings of them (`dpmpp_2m_k`, `k_euler`).
///
/// A stage that is not known here, another author's, is named by its own name, to the letter;
/// suffixes can follow it too.
public struct SchedulerName: Sendable, Equatable {
    /// The stage's name in its plugin.
    public let stage: String
    /// What the name says, below what a user sets and above what a model folder says.
    public let options: [String: SettingValue]
    /// Those of ``options`` that only switch something off, which not every algorithm has.
    public let switchedOff: Set<String>
    /// Options that mean nothing any more once somebody has chosen the name.
    public let overruled: Set<String>

    private init(_ stage: String, _ options: [String: SettingValue], _ suffixes: [SchedulerSuffix])
    {
        var all = options
        var off: Set<String> = []
        for suffix in suffixes {
            all[suffix.option.key] = suffix.option.value
            for key in suffix.excluded {
                all[key] = false
                off.insert(key)
            }
        }
        self.stage = stage
        self.options = all
        switchedOff = off
        // Lists of levels say all that suffixes say.
        overruled = Set(all.keys).union(suffixes.isEmpty ? [] : ["timesteps", "sigmas"])
    }

    /// - Returns: `nil` for a file's path, and for a name that is not known and so stands for
    ///   itself.
    public init?(_ text: String) {
        guard case .known(let name) = SchedulerName.read(text) else { return nil }
        self = name
    }

    /// The name in our own dialect; options beyond its suffixes are not in it.
    public var canonical: String { Self.canonical(stage: stage, options: options) }

    /// How a stage with these options is named: `dpmpp_2m+karras`.
    public static func canonical(stage: String, options: [String: SettingValue]) -> String {
        ([stage] + SchedulerSuffix.said(by: options).map(\.rawValue)).joined(separator: "+")
    }

    /// The keys of the options that ``canonical(stage:options:)`` says.
    public static func said(by options: [String: SettingValue]) -> Set<String> {
        let suffixes = SchedulerSuffix.said(by: options)
        return Set(suffixes.map(\.option.key) + suffixes.flatMap(\.excluded))
    }
}

// MARK: - Reading

extension SchedulerName {
    enum Reading {
        case known(SchedulerName)
        case unknown
        /// Why a name of a known stage is none.
        case wrong(String)
    }

    /// The longest name that is looked at, in bytes.
    private static let longest = 64

    static func read(_ text: String) -> Reading {
        guard !text.isEmpty, text.utf8.count <= longest, !text.contains("/") else {
            return .unknown
        }
        let parts = text.lowercased().replacing("++", with: "pp")
            .split(separator: "+", omittingEmptySubsequences: false).map(String.init)
        let known = readBase(parts[0])
        var suffixes = known?.suffixes ?? []
        for part in parts.dropFirst() {
            guard let suffix = SchedulerSuffix(rawValue: key(part)) else {
                return known == nil ? .unknown : .wrong(unknownSuffix(part))
            }
            suffixes.append(suffix)
        }
        guard let stage = known?.stage ?? foreign(text) else { return .unknown }
        for (index, suffix) in suffixes.enumerated() {
            let contrary = suffixes[..<index].first {
                !$0.aspects.isDisjoint(with: suffix.aspects)
            }
            if let contrary {
                return .wrong("\(contrary.rawValue) and \(suffix.rawValue) exclude each other")
            }
        }
        return .known(SchedulerName(stage, known?.options ?? [:], suffixes))
    }

    /// The letters and digits of a name, by which names are compared.
    static func key(_ name: String) -> String {
        String(
            name.lowercased().replacing("++", with: "pp").filter { $0.isLetter || $0.isNumber })
    }

    private typealias Base = (
        stage: String, options: [String: SettingValue], suffixes: [SchedulerSuffix]
    )

    /// A name without `+`: words, the last of which may be of schedules.
    private static func readBase(_ text: String) -> Base? {
        var words = text.split { $0.isWhitespace || $0 == "_" || $0 == "-" }.map { key(String($0)) }
        var suffixes: [SchedulerSuffix] = []
        while !words.isEmpty {
            if let named = named(words) { return (named.stage, named.options, suffixes) }
            let lengths = (1...SchedulerSuffix.mostWords).reversed()
            let match = lengths.first {
                words.count > $0 && SchedulerSuffix.words[words.suffix($0).joined()] != nil
            }
            guard let match, let word = SchedulerSuffix.words[words.suffix(match).joined()] else {
                return nil
            }
            words.removeLast(match)
            if let word { suffixes.insert(word, at: 0) }
        }
        return nil
    }

    private static func named(
        _ words: [String]
    ) -> (stage: String, options: [String: SettingValue])? {
        // k-diffusion's samplers are known with a `k_` before their names.
        let unprefixed = words[0] == "k" && words.count > 1 ? Array(words.dropFirst()) : words
        for words in [words, unprefixed] {
            let key = words.joined()
            if let named = KnownScheduler.named[key] { return named }
            let ending = "scheduler"
            guard key.hasSuffix(ending) else { continue }
            if let named = KnownScheduler.named[String(key.dropLast(ending.count))] {
                return named
            }
        }
        return nil
    }

    /// The stage of a name with suffixes that is not known here.
    private static func foreign(_ text: String) -> String? {
        guard !text.contains("++"), let plus = text.firstIndex(of: "+"), plus != text.startIndex
        else { return nil }
        return String(text[..<plus])
    }

    private static func unknownSuffix(_ text: String) -> String {
        let known = SchedulerSuffix.allCases.map(\.rawValue)
        let nearest = text.count < 2 ? nil : Checkpoints.nearest(to: text, in: known)
        let hint =
            nearest.map { "did you mean \"\($0)\"?" }
            ?? "there are \(known.joined(separator: ", "))"
        return "\"\(text)\" is no suffix; \(hint)"
    }
}

// MARK: - Hints

extension SchedulerName {
    /// What to say to whoever has named a scheduler that there is not: what may have been meant, or
    /// else what there is.
    /// - Parameter stages: the names of those that there are.
    public static func hint(for text: String, among stages: [String]) -> String {
        nearest(to: text, among: stages) ?? "there are \(stages.joined(separator: ", "))"
    }

    /// What may have been meant.
    static func nearest(to text: String, among stages: [String]) -> String? {
        var (base, suffixes) = (text, "")
        switch read(text) {
        case .wrong(let reason): return reason
        case .known(let name) where KnownScheduler.named[key(name.stage)] != nil:
            if name.stage != text, !stages.contains(name.stage) {
                return "it is a name of \(name.stage), which no plugin offers"
            }
        case .known(let name):
            base = name.stage
            suffixes = String(text.dropFirst(base.count))
        case .unknown: break
        }
        // Compared by their letters, told as people write them.
        var names: [String: String] = [:]
        for known in KnownScheduler.all where stages.contains(known.stage) {
            for alias in known.aliases + known.others { names[key(alias)] = alias }
        }
        for stage in stages { names[key(stage)] = stage }
        let nearest =
            text.utf8.count > longest
            ? nil
            : Checkpoints.nearest(to: key(base), in: names.keys.sorted()).flatMap { names[$0] }
        return nearest.map { "did you mean \"\($0)\(suffixes)\"?" }
    }
}
