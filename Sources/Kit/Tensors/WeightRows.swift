extension Weight {
    /// Some rows of a matrix, read where they lie: models store matrices of one width as one.
    public func rows(_ range: Range<Int>) -> Weight {
        precondition(
            shape.rank == 2 && range.lowerBound >= 0 && range.upperBound <= shape[0],
            "rows \(range) of a weight of shape \(shape)")
        let part: Shape = [range.count, shape[1]]
        guard let bytes = unsafe bytes, let owner else { return Weight(shapeOnly: part) }
        let offset = range.lowerBound * shape[1] * format.width
        return unsafe Weight(part, format: format, unsafeBytes: bytes + offset, owner: owner)
    }
}
