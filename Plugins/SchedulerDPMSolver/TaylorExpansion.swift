/// The predicted quantity over a step, expanded about its start: m, h · m′ and h² · m″ (half of
/// that in the multistep solver), as what each output counts in them, newest first.
struct TaylorExpansion {
    let value: [Double]
    var slope: [Double]?
    var curvature: [Double]?
    /// Of three outputs, though it may have no curvature.
    var isThirdOrder: Bool { value.count == 3 }

    /// From outputs at the start and before it (Lu et al. 2022, arXiv 2211.01095, algorithm 2 and
    /// appendix B; the authors' code for three).
    /// - Parameters:
    ///   - lambdas: of the outputs, newest first: one to three.
    ///   - h: the step in λ.
    static func multistep(_ lambdas: [Double], h: Double) -> TaylorExpansion {
        guard lambdas.count > 1 else { return TaylorExpansion(value: [1]) }
        let newer = h / (lambdas[0] - lambdas[1])
        guard lambdas.count > 2 else {
            return TaylorExpansion(value: [1, 0], slope: [newer, -newer])
        }
        let older = h / (lambdas[1] - lambdas[2])
        let both = h / (lambdas[0] - lambdas[2])
        let share = (lambdas[0] - lambdas[1]) / (lambdas[0] - lambdas[2])
        let first = [newer, -newer, 0]
        let change = zip(first, [0, older, -older]).map { $0 - $1 }
        return TaylorExpansion(
            value: [1, 0, 0], slope: zip(first, change).map { $0 + share * $1 },
            curvature: change.map { both * $0 })
    }

    /// From outputs at the start and within the step (Lu et al. 2022, arXiv 2206.00927, algorithms
    /// 1 and 2 and appendix B).
    /// - Parameters:
    ///   - lambdas: of the outputs, newest first: the last is the step's start.
    ///   - end: λ of the step's end.
    ///   - hasCurvature: whether a third order has; else its slope is that of the longer distance.
    static func singlestep(
        _ lambdas: [Double], end: Double, hasCurvature: Bool
    ) -> TaylorExpansion {
        guard lambdas.count > 1 else { return TaylorExpansion(value: [1]) }
        let start = lambdas[lambdas.count - 1]
        let h = end - start
        let newest = h / (lambdas[0] - start)
        guard lambdas.count > 2 else {
            return TaylorExpansion(value: [0, 1], slope: [newest, -newest])
        }
        let longer = [newest, 0, -newest]
        guard hasCurvature else { return TaylorExpansion(value: [0, 0, 1], slope: longer) }
        let middle = h / (lambdas[1] - start)
        let shorter = [0, middle, -middle]
        let (r0, r1) = (1 / newest, 1 / middle)
        return TaylorExpansion(
            value: [0, 0, 1],
            slope: zip(shorter, longer).map { (r0 * $0 - r1 * $1) / (r0 - r1) },
            curvature: zip(shorter, longer).map { 2 * ($1 - $0) / (r0 - r1) })
    }
}
