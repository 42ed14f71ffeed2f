import Stages

@c(voken_plugin) public func plugin() -> UnsafeMutableRawPointer {
    unsafe exportPlugin("ddim_inverse", [SchedulerDDIMInverse.self])
}
