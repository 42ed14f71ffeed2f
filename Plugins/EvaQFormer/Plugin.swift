import Stages

@c(voken_plugin) public func plugin() -> UnsafeMutableRawPointer {
    unsafe exportPlugin("eva_qformer", [EvaQFormerStage.self])
}
