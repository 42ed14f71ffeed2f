import Checkpoints
import PluginHost
import Stages
import Testing

/// A model with that value in its configuration must be refused by a message that names the key, or
/// mentions `text`.
func expectRefusal(
    of key: String, _ value: SettingValue, _ fixture: StageFixture, _ kind: StageKind,
    _ name: String, mentioning text: String? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
) throws {
    try withChangedModel(fixture.folder, configuration: { $0[key] = value }) { folder in
        let error = #expect(throws: PluginError.self, sourceLocation: sourceLocation) {
            let _: any Stage = try loadStage(kind, name, ModelFolder.open(folder))
        }
        #expect(
            error?.description.contains(text ?? key) == true, "\(String(describing: error))",
            sourceLocation: sourceLocation)
    }
}
