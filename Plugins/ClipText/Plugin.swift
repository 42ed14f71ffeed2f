import Stages

@c(voken_plugin) public func plugin() -> UnsafeMutableRawPointer {
    unsafe exportPlugin("clip_text", [ClipTextStage.self])
}
