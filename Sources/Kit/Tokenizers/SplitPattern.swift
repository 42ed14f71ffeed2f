/// A regular expression that cuts text into words, matched by backtracking: at one place in time
/// linear in the text.
///
/// The program is that of a backtracking machine (Thompson, 1968; Cox, 2009, "Regular expression
/// matching: the virtual machine approach"): what it tries first is what Perl's rules prefer. A
/// choice that was already tried at the same place has failed and is not tried again.
struct SplitPattern: Sendable {
    private enum Instruction {
        case one(PatternCharacters)
        case ahead(PatternCharacters, isWanted: Bool)
        /// Goes on at the first, and if that fails at the second.
        case fork(Int, Int)
        case jump(Int)
        case match
    }

    private static let maximumInstructions = 4096
    private var program: [Instruction] = []

    init(_ pattern: String) throws(TokenizerError) {
        var parser = SplitPatternParser(pattern)
        let node = try parser.parse()
        guard node.least > 0 else {
            throw TokenizerError(
                .unsupported, "the pattern \"\(pattern.prefix(200))\" also matches nothing")
        }
        try add(node)
        program.append(.match)
    }

    /// A pattern of nothing but these characters.
    init(literal: String) throws(TokenizerError) {
        let characters = literal.unicodeScalars
        guard !characters.isEmpty, characters.count < Self.maximumInstructions else {
            throw TokenizerError(
                .unsupported, "a split at a text of \(characters.count) characters")
        }
        program =
            characters.map { .one(PatternCharacters([.range($0.value...$0.value)])) } + [.match]
    }

    /// The first match at or after a place.
    func firstMatch(
        in text: ArraySlice<Unicode.Scalar>, from start: Int
    ) -> Range<Int>? {
        for place in start..<max(start, text.endIndex) {
            if let end = match(text, at: place) { return place..<end }
        }
        return nil
    }

    private func match(_ text: ArraySlice<Unicode.Scalar>, at start: Int) -> Int? {
        var tried: Set<Int> = []
        var waiting: [(instruction: Int, place: Int)] = []
        var (instruction, place) = (0, start)
        while true {
            let goesOn: Bool
            switch program[instruction] {
            case .match: return place
            case .one(let characters):
                goesOn = place < text.endIndex && characters.contains(text[place])
                if goesOn { (instruction, place) = (instruction + 1, place + 1) }
            case .ahead(let characters, let isWanted):
                let isNext = place < text.endIndex && characters.contains(text[place])
                goesOn = isNext == isWanted
                instruction += 1
            case .jump(let target):
                goesOn = true
                instruction = target
            case .fork(let first, let second):
                goesOn = tried.insert((place - start) * program.count + instruction).inserted
                if goesOn { waiting.append((second, place)) }
                instruction = first
            }
            if !goesOn {
                guard let next = waiting.popLast() else { return nil }
                (instruction, place) = next
            }
        }
    }

    private mutating func add(_ node: PatternNode) throws(TokenizerError) {
        guard program.count < Self.maximumInstructions else {
            throw TokenizerError(
                .unsupported, "a pattern of over \(Self.maximumInstructions) steps")
        }
        switch node {
        case .one(let characters): program.append(.one(characters))
        case .ahead(let characters, let isWanted):
            program.append(.ahead(characters, isWanted: isWanted))
        case .sequence(let nodes): for node in nodes { try add(node) }
        case .choice(let nodes):
            var ends: [Int] = []
            for node in nodes.dropLast() {
                let fork = program.count
                program.append(.match)
                try add(node)
                ends.append(program.count)
                program.append(.match)
                program[fork] = .fork(fork + 1, program.count)
            }
            try add(nodes[nodes.count - 1])
            for end in ends { program[end] = .jump(program.count) }
        case .repeated(let node, let least, let most):
            for _ in 0..<least { try add(node) }
            guard let most else { return try addLoop(node) }
            var forks: [Int] = []
            for _ in least..<most {
                forks.append(program.count)
                program.append(.match)
                try add(node)
            }
            for fork in forks { program[fork] = .fork(fork + 1, program.count) }
        }
    }

    private mutating func addLoop(_ node: PatternNode) throws(TokenizerError) {
        let fork = program.count
        program.append(.match)
        try add(node)
        program.append(.jump(fork))
        program[fork] = .fork(fork + 1, program.count)
    }
}
