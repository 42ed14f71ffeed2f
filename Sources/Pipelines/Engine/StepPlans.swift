import Synchronization
import Tensors

/// The plans of a stage's steps, each made when it is first asked for. Generations that share a stage
/// share them.
final class StepPlans: Sendable {
    private let plans = Mutex<[StepKey: StepPlan]>([:])

    /// A request's options are part of a key: whoever varies them must not make this grow.
    private static let most = 512

    /// - Parameter rehearse: the step, with tensors that have shapes alone.
    func plan(_ key: StepKey, rehearsing rehearse: () -> Void) -> StepPlan {
        if let plan = plans.withLock({ $0[key] }) { return plan }
        let plan = StepPlan(rehearsing: rehearse)
        plans.withLock { plans in
            if plans.count >= Self.most { plans.removeAll() }
            plans[key] = plan
        }
        return plan
    }
}
