import Stages

@c(voken_plugin) public func plugin() -> UnsafeMutableRawPointer {
    unsafe exportPlugin("voken_mapper", [VokenMapperStage.self])
}
