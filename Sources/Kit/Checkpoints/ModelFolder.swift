public import Layers

/// The folder of one stage's model: `config.json` and safetensors files.
public final class ModelFolder: Sendable {
    public let path: String
    /// `config.json`, as a tree.
    public let configuration: Settings
    /// The parameters of the weight files.
    public let parameters: Parameters

    init(path: String, configuration: Settings, parameters: Parameters) {
        self.path = path
        self.configuration = configuration
        self.parameters = parameters
    }
}
