import Stages

@c(voken_plugin) public func plugin() -> UnsafeMutableRawPointer {
    unsafe exportPlugin(
        "dpm-solver-sde",
        [
            SchedulerDPMSolverSDE.self, SchedulerDPMSolver2SAncestral.self,
            SchedulerDPMSolver3MSDE.self,
        ])
}
