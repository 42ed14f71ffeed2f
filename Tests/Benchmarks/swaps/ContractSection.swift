import BenchmarkSupport
import VokenClient
import Wire

/// Stages that fit each other, and not those that serve.
func contractSection(_ bench: Workbench) throws {
    let report = bench.report
    let folder = try bench.makeFolder("narrow")
    let models = try RandomModels(bench)
    try models.write(
        .unet, "stable_diffusion_unet", like: bench.model("unet"), "cross_attention_dim", 96,
        to: folder + "/unet")
    try models.write(
        .featureMapper, "voken_mapper", like: bench.model("mapper"), "d_model", 96,
        to: folder + "/mapper")

    var pipeline = PipelineText(bench)
    let daemon = try DaemonProcess(bench, pipeline)
    try daemon.start()
    let client = try daemon.connect()
    let references = References()
    try references.record(shortStories, from: client)
    func expectRefused(_ what: String, _ outcome: SwapOutcome) throws {
        let failed = outcome.failed
        let message = failed?.message ?? outcome.failure ?? "it serves"
        report.expect(
            what, asked: "contract, with 96 and 128 in the message",
            seen: "\(failed?.code ?? "none"): \(message)",
            holds: failed?.code == "contract" && message.contains("96") && message.contains("128"))
        report.expect("the generation that serves", 1, seen: try client.status().generation)
    }
    for (kind, model) in [("unet", "unet"), ("feature_mapper", "mapper")] {
        try expectRefused(
            "\(kind) of width 96 alone",
            client.perform(SwapRequest(kind: kind, weights: "\(folder)/\(model)")))
    }
    pipeline.stages["unet"]?["model"] = quoted(folder + "/unet")
    pipeline.stages["feature_mapper"]?["model"] = quoted(folder + "/mapper")
    let path = folder + "/narrow.toml"
    try expectRefused(
        "both by apply, beside a text encoder of width 128",
        client.perform(ApplyRequest(text: pipeline.text, path: path)))

    pipeline.stages["text_encoder"] = nil
    let trial = client.perform(ApplyRequest(text: pipeline.text, path: path, dryRun: true))
    report.expect(
        "both by apply, as a dry run", asked: "prepared, not committed",
        seen: trial.failed?.message ?? "\(trial.steps.count) steps, committed: "
            + "\(trial.finished?.committed ?? true)",
        holds: trial.failed == nil && trial.finished?.committed == false
            && trial.steps.contains("contract"))
    let applied = client.perform(ApplyRequest(text: pipeline.text, path: path))
    report.expect(
        "both by apply", asked: "generation 2 serves",
        seen: try applied.failure ?? "generation \(try client.status().generation)",
        holds: applied.failure == nil && applied.committed?.generation == 2)
    let telling = Telling(shortStories[0], from: client)
    report.expect(
        "a story", asked: "a picture by generation 2",
        seen: telling.failure ?? "\(telling.pictures.count) by generation \(telling.generation)",
        holds: telling.failure == nil && telling.pictures.count == 1 && telling.generation == 2)

    let back = SwapOutcome { () throws(ClientError) in try client.rollback(RollbackRequest()) }
    report.expect(
        "a rollback", asked: "generation 1 serves",
        seen: try back.failure ?? "generation \(try client.status().generation)",
        holds: back.failure == nil && back.committed?.generation == 1)
    let faults = shortStories.compactMap { references.fault(of: Telling($0, from: client)) }
    report.expect(
        "its stories", asked: "as before", seen: faulty("\(faults.count) wrong", faults),
        holds: faults.isEmpty)
    report.expect("exit code after SIGTERM", 0, seen: daemon.stop())
}
