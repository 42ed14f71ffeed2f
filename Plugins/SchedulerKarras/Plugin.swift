import Stages

@c(voken_plugin) public func plugin() -> UnsafeMutableRawPointer {
    unsafe exportPlugin(
        "karras",
        [
            SchedulerEuler.self, SchedulerEulerAncestral.self, SchedulerHeun.self,
            SchedulerDPM2.self, SchedulerDPM2Ancestral.self, SchedulerLinearMultistep.self,
        ])
}
