import Stages
import Synchronization

// Echo is the smallest stage of every kind: it has no weights, answers with what it was given,
// and is always the same. Engines are tested with it.

@c(voken_plugin) public func plugin() -> UnsafeMutableRawPointer {
    unsafe exportPlugin(
        "echo",
        [
            EchoImageEncoder.self, EchoLanguageModel.self, EchoMapper.self, EchoUNet.self,
            EchoVAE.self, EchoScheduler.self, EchoTextEncoder.self,
        ])
}

/// Stages that this image of the plugin has made. Another load of the file counts from zero.
private let made = Atomic<Int>(0)

func logMade(_ context: StageContext) {
    let count = made.add(1, ordering: .relaxed).newValue
    context.log("echo: stage \(count) of this image is ready")
}
