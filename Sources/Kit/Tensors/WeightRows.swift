extension Weight {
    /// Some rows of a matrix, read where they lie: models store matrices of one width as one.
    public func rows(_ range: Range<Int>) -> Weight {
        precondition(shape.rank == 2, "rows of a weight of shape \(shape)")
        return firstAxis(range)
    }

    /// Some places of the first axis, read where they lie.
    func firstAxis(_ range: Range<Int>) -> Weight {
        precondition(
            range.lowerBound >= 0 && range.upperBound <= shape[0],
            "\(range) of a weight of shape \(shape)")
        let part = shape.with(range.count, at: 0)
        guard let bytes = unsafe bytes, let owner else { return Weight(shapeOnly: part) }
        let offset = range.lowerBound * (shape.count / shape[0]) * format.width
        return unsafe Weight(part, format: format, unsafeBytes: bytes + offset, owner: owner)
    }
}
