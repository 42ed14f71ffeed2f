import Images

extension SessionContent {
    /// All that can be wrong in what comes from outside.
    func check(for generation: Generation) throws(RequestError) {
        let (limits, options) = (generation.file.limits, generation.file.sessions)
        _ = try Drawing(settings, generation)
        guard turns.count <= options.turns else {
            throw RequestError(
                .sessionLimit, "\(turns.count) turns; the limit is \(options.turns)")
        }
        var pictures = 0
        for (index, turn) in turns.enumerated() {
            do throws(RequestError) {
                try turn.check(after: &pictures, generation)
            } catch {
                throw RequestError(error.code, "turn \(index + 1): \(error.message)")
            }
        }
        guard pictures == self.pictures.count else {
            throw RequestError(
                .invalid,
                "the turns show \(pictures) pictures, and \(self.pictures.count) were sent")
        }
        let drawn = Set(turns.flatMap(\.drawn))
        for (index, picture) in self.pictures.enumerated() {
            let isDrawn = drawn.contains(index + 1)
            try picture.check(
                number: index + 1, isDrawn ? ImageLimits() : limits.pictures)
        }
    }
}

extension SessionTurn {
    /// The most that an answer may hold, in UTF-8 bytes of text and in pieces: far more than a
    /// model tells.
    private static let answerBytes = 1 << 18
    private static let answerPieces = 1024

    /// - Parameter pictures: of the turns before; counts this turn's too.
    fileprivate func check(
        after pictures: inout Int, _ generation: Generation
    ) throws(RequestError) {
        let limits = generation.file.limits
        for piece in user + answer {
            guard let number = piece.picture else { continue }
            pictures += 1
            guard number == pictures else {
                throw RequestError(
                    .invalid, "picture \(number) comes where picture \(pictures) is due")
            }
        }
        guard shown.count <= limits.images else {
            throw RequestError(
                .invalid, "\(shown.count) pictures were shown; the limit is \(limits.images)")
        }
        let isOrdered = user.dropLast().allSatisfy { $0.picture != nil }
        guard isOrdered, !user.isEmpty || !answer.isEmpty else {
            throw RequestError(
                .invalid, "a turn is the user's pictures, then one text at most, and an answer")
        }
        if !text.isEmpty { _ = try StoryOrder.prompt(text, generation) }
        let told = answer.compactMap(\.text)
        guard answer.count <= Self.answerPieces,
            told.reduce(0, { $0 + $1.utf8.count }) <= Self.answerBytes
        else {
            throw RequestError(
                .tooLong,
                "the answer is longer than \(Self.answerBytes) bytes of text or "
                    + "\(Self.answerPieces) pieces")
        }
        let marks = generation.languageModel.tokenizer.marks
        if let mark = told.lazy.compactMap({ Mark.first(in: $0, marks) }).first {
            throw RequestError(
                .invalid, "the answer contains \(mark), which means something to the model")
        }
    }
}

extension SessionPicture {
    fileprivate func check(number: Int, _ limits: ImageLimits) throws(RequestError) {
        do {
            _ = try Image.size(of: file, limits: limits)
        } catch {
            throw RequestError(.badImage, "picture \(number): \(error)")
        }
    }
}
