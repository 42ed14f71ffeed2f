import Stages

@c(voken_plugin) public func plugin() -> UnsafeMutableRawPointer {
    unsafe exportPlugin(
        "dpm_solver",
        [
            SchedulerDPMSolverMultistep.self, SchedulerDPMSolverMultistepSDE.self,
            SchedulerDPMSolverSinglestep.self, SchedulerDPMSolverMultistepInverse.self,
        ])
}
