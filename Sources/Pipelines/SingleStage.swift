public import Checkpoints
public import PluginHost
public import Stages

// One stage of a pipeline by itself, for those who do not run the pipeline.

extension Pipeline {
    /// Loads the stage of a kind alone.
    public static func load(
        _ kind: StageKind, of file: PipelineFile, host: PluginHost
    ) throws(PipelineError) -> LoadedStage {
        guard let entry = file.stages[kind] else {
            throw PipelineError(
                .stageFailed, file: file.path, "it has no stage of kind \(kind.rawValue)")
        }
        do {
            return try StageLoader(file: file, host: host, log: { _ in })
                .load(entry, checks: .none)
        } catch {
            throw error.pipelineError(entry, file)
        }
    }
}

extension PipelineFile {
    /// What the stage of a kind is made from, without its weights: the stage's name in its plugin,
    /// or the plugin's file, and its model's configuration. `nil` without a stage or a model.
    public func configuration(
        of kind: StageKind
    ) throws(PipelineError) -> (plugin: String, model: Settings)? {
        guard let entry = stages[kind], let folder = entry.model else { return nil }
        do {
            return (
                entry.stageName, try ModelFolder.readConfiguration(folder + "/config.json")
            )
        } catch {
            throw PipelineError(
                .noModel, file: path, line: line(of: entry, "model"),
                "\(entry.key).model: \(error)")
        }
    }
}
