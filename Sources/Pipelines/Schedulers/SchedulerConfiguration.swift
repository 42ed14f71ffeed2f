import Checkpoints
import Stages

/// A scheduler as a file of diffusers describes it: `_class_name`, and its options beside it.
///
/// Options that diffusers takes when a scheduler runs (`eta`, `s_churn`, `timesteps`, …) may stand
/// among them.
public struct SchedulerConfiguration: Sendable {
    let path: String
    /// In any dialect, or a plugin's file.
    let scheduler: String
    let options: [String: SettingValue]

    /// - Parameter scheduler: in place of `_class_name`.
    public init(_ path: String, scheduler: String? = nil) throws {
        let settings = try ModelFolder.readConfiguration(path)
        let written =
            settings.value("_class_name") == nil ? nil : try settings.string("_class_name")
        // A file that says what to compute must not say which code to run.
        if let written, written.contains("/") {
            throw RequestError(
                .invalid, "\(path): _class_name \"\(written)\" is a path, not a scheduler's name")
        }
        guard let name = scheduler ?? written else {
            throw RequestError(
                .invalid,
                "\(path): _class_name is missing, which names the scheduler, as in "
                    + "\"_class_name\": \"DPMSolverMultistepScheduler\"")
        }
        self.path = path
        self.scheduler = name
        options = settings.values.filter { !$0.key.hasPrefix("_") }
    }

    /// Makes the scheduler.
    /// - Throws: a ``RequestError``, also for an option that neither it nor any of diffusers' has.
    func make() throws -> SchedulerSample {
        let catalog = try SchedulerCatalog(.defaults)
        let sample: SchedulerSample
        do {
            sample = try catalog.make(scheduler, options: options, tolerating: Set(options.keys))
        } catch {
            throw RequestError(error.code, "\(path): \(error.message)")
        }
        let known = DiffusersOptions.keys.union(sample.options.map(\.key))
        for key in options.keys.sorted() where !known.contains(key) {
            let hint =
                nearest(to: key, in: known.sorted()).map { "did you mean \"\($0)\"?" }
                ?? "\(sample.descriptor.name) knows "
                + sample.options.map(\.key).joined(separator: ", ")
            throw RequestError(.invalid, "\(path): \(key): unknown key; \(hint)")
        }
        return sample
    }
}
