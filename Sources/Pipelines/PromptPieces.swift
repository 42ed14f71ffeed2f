/// Where the pieces end in which a prompt is taken in.
///
/// The beginning that a task's prompts have in common ends with a piece, so that other requests can
/// go on from there. Where a prompt is cut depends on it alone: what is used again is whole pieces,
/// and then those calls are made that would be made without.
struct PromptPieces: Equatable {
    /// Positions of the common beginning.
    let common: Int
    /// The most positions of a piece.
    let longest: Int

    /// The last end of a piece up to a position.
    func end(before position: Int) -> Int {
        guard position >= common else { return position / longest * longest }
        return common + (position - common) / longest * longest
    }

    /// The end of the piece that begins at a position.
    func end(from start: Int) -> Int {
        start < common ? min(start + longest, common) : start + longest
    }
}
