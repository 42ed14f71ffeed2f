import Stages

@c(voken_plugin) public func plugin() -> UnsafeMutableRawPointer {
    unsafe exportPlugin("sa_solver", [SchedulerSASolver.self])
}
