import Stages

extension DPMSolver {
    /// The multistep solver: derivatives at the step's start from outputs there and before it (Lu
    /// et al. 2022, arXiv 2211.01095, algorithm 2; three outputs as in the authors' code, where
    /// half of m″ is taken for m″, so that it is of second order).
    /// - Parameter lambdas: of one to three outputs, newest first.
    /// - Returns: what each output counts.
    func multistepWeights(_ step: ExponentialStep, _ lambdas: [Double]) -> [Double] {
        guard lambdas.count > 1 else { return [-step.weight(1)] }
        let newer = step.h / (lambdas[0] - lambdas[1])
        guard lambdas.count > 2 else {
            return TaylorTerm.sum(
                TaylorTerm(weight: step.weight(1), derivative: [1, 0]),
                TaylorTerm(weight: slopeWeight(step), derivative: [newer, -newer]))
        }
        let older = step.h / (lambdas[1] - lambdas[2])
        let both = step.h / (lambdas[0] - lambdas[2])
        let share = (lambdas[0] - lambdas[1]) / (lambdas[0] - lambdas[2])
        let recent = [newer, -newer, 0]
        let change = zip(recent, [0, older, -older]).map { $0 - $1 }
        return TaylorTerm.sum(
            TaylorTerm(weight: step.weight(1), derivative: [1, 0, 0]),
            TaylorTerm(
                weight: step.weight(2), derivative: zip(recent, change).map { $0 + share * $1 }),
            TaylorTerm(weight: thirdWeight(step), derivative: change.map { both * $0 }))
    }
}
