import Daemon

/// Tells the service manager that stages are being loaded, which may take longer than it waits for
/// most services.
struct LoadingReport: Sendable {
    private let manager: ServiceManager?
    /// So long the next stage may take.
    private static let patience = Duration.seconds(300)

    init(to manager: ServiceManager?, _ pipeline: String) {
        self.manager = manager
        manager?.notify("STATUS=loading \(pipeline)")
        goesOn()
    }

    func goesOn() {
        manager?.notify("EXTEND_TIMEOUT_USEC=\(Int(Self.patience / .microseconds(1)))")
    }
}
