import Stages
import Tensors

/// Calls stages as the engine does: in an arena, whose size a dry run has told.
final class StepRunner {
    private let arena = Arena()
    private var plans: [String: StepPlan] = [:]

    /// - Parameters:
    ///   - key: the same for steps that need the same memory.
    ///   - rehearsal: what is called in the dry run, if not `step`.
    func run(
        _ key: String, rehearsal: (() -> Tensor)? = nil, _ step: () -> Tensor
    ) -> Tensor {
        let plan = plans[key] ?? StepPlan { _ = rehearsal?() ?? step() }
        plans[key] = plan
        return arena.run(plan) { step().copiedOutOfStep() }
    }

    /// Appends rows to sequences of a language model, and gives theirs. A dry run must not touch
    /// what a sequence holds.
    func forward(
        _ model: any LanguageModel, _ rows: [Tensor], _ states: [any LanguageModelState]
    ) -> Tensor {
        let counts = rows.map { $0.shape[0] }
        return run(
            "forward \(counts)",
            rehearsal: {
                concatenate(
                    model.forward(
                        rows.map { Tensor(shapeOnly: $0.shape) },
                        states: rows.map { _ in DryRun.perform { model.makeState() } }),
                    axis: 0)
            }
        ) { concatenate(model.forward(rows, states: states), axis: 0) }
    }

    func logits(_ model: any LanguageModel, _ hidden: Tensor) -> Tensor {
        run("logits \(hidden.shape)") { model.logits(hidden) }
    }
}
