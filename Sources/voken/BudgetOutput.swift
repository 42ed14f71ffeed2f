import Pipelines

/// What a pipeline takes of memory, for people.
func budgetText(_ budget: MemoryBudget) -> String {
    let stages = budget.stages.filter { $0.weights + $0.activations > 0 }
    var rows = [["MEMORY", "", "MAPPED", "PRIVATE", "ACTIVATIONS", "A JOB"]]
    rows += stages.map { stage in
        [
            stage.key.split(separator: ".").last.map(String.init) ?? stage.key, stage.name,
            (stage.hasWeights ? "" : "~") + byteText(stage.weightsMapped),
            byteText(stage.weightsPrivate), byteText(stage.activations),
            stage.cache > 0 ? byteText(stage.cache) : "–",
        ]
    }
    rows.append([
        "together", "", byteText(budget.weightsMapped), byteText(budget.weightsPrivate),
        byteText(budget.activations), byteText(budget.cache),
    ])
    var text = table(rows)
    if stages.contains(where: { !$0.hasWeights }) {
        text += "~: the folder has no weights; counted from its config.json\n"
    }
    text += "\(byteText(budget.total)) with \(budget.sequences) jobs of full length at a time, "
    text += "\(byteText(budget.promptCache)) of prompts that are held "
    text += "and \(byteText(budget.kernels)) for kernels"
    guard let limit = budget.limit else {
        return text + "; no limit (engine.memory_limit_mb)\n"
    }
    text += "; the limit is \(byteText(limit)): "
    if limit < budget.least {
        text += "too little for the largest stage, which needs \(byteText(budget.least))\n"
    } else if limit < budget.total {
        text += "stages are let go of between uses where they need it\n"
    } else {
        text += "all of it fits\n"
    }
    return text
}

/// The same for programs, in bytes.
struct BudgetReport: Encodable {
    struct Stage: Encodable {
        let key: String
        let name: String
        let weights_mapped: Int
        let weights_private: Int
        let activations: Int
        let sequence: Int
        let has_weights: Bool
    }

    let stages: [Stage]
    let weights_mapped: Int
    let weights_private: Int
    let activations: Int
    let kernels: Int
    let sequence: Int
    let sequences: Int
    let prompt_cache: Int
    let total: Int
    let least_limit: Int
    let limit: Int?

    init(_ budget: MemoryBudget) {
        stages = budget.stages.map {
            Stage(
                key: $0.key, name: $0.name, weights_mapped: $0.weightsMapped,
                weights_private: $0.weightsPrivate, activations: $0.activations,
                sequence: $0.cache, has_weights: $0.hasWeights)
        }
        weights_mapped = budget.weightsMapped
        weights_private = budget.weightsPrivate
        activations = budget.activations
        kernels = budget.kernels
        sequence = budget.cache
        sequences = budget.sequences
        prompt_cache = budget.promptCache
        total = budget.total
        least_limit = budget.least
        limit = budget.limit
    }
}
