import Stages

@c(voken_plugin) public func plugin() -> UnsafeMutableRawPointer {
    unsafe exportPlugin("consistency", [SchedulerLCM.self, SchedulerTCD.self])
}
