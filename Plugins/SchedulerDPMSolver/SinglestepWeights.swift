import Stages

extension DPMSolver {
    /// The single-step solver: derivatives at the step's start from outputs there and within it (Lu
    /// et al. 2022, arXiv 2211.01095, algorithm 1; arXiv 2206.00927, algorithms 1 and 2 and
    /// appendix B).
    ///
    /// - Parameter lambdas: of one to three outputs, newest first; the last is the step's start.
    /// - Returns: what each output counts.
    func singlestepWeights(_ step: ExponentialStep, _ lambdas: [Double]) -> [Double] {
        guard lambdas.count > 1 else { return [-step.weight(1)] }
        let start = lambdas[lambdas.count - 1]
        let newest = step.h / (lambdas[0] - start)
        guard lambdas.count > 2 else {
            return TaylorTerm.sum(
                TaylorTerm(weight: step.weight(1), derivative: [0, 1]),
                TaylorTerm(weight: slopeWeight(step), derivative: [newest, -newest]))
        }
        let value = TaylorTerm(weight: step.weight(1), derivative: [0, 0, 1])
        let longer = [newest, 0, -newest]
        guard isHeun else {
            return TaylorTerm.sum(value, TaylorTerm(weight: step.weight(2), derivative: longer))
        }
        let middle = step.h / (lambdas[1] - start)
        let shorter = [0, middle, -middle]
        let (r0, r1) = (1 / newest, 1 / middle)
        let slope = zip(shorter, longer).map { (r0 * $0 - r1 * $1) / (r0 - r1) }
        let curvature = zip(shorter, longer).map { 2 * ($1 - $0) / (r0 - r1) }
        return TaylorTerm.sum(
            value, TaylorTerm(weight: step.weight(2), derivative: slope),
            TaylorTerm(weight: thirdWeight(step), derivative: curvature))
    }
}
