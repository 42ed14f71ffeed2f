import Stages

/// How the pictures of a request are drawn: checked, and with all defaults filled in.
struct Drawing: Sendable {
    let steps: Int
    let guidance: Guidance
    let scheduler: SchedulerChoice
    let shortcuts: Shortcuts

    init(_ settings: SessionSettings, _ generation: Generation) throws(RequestError) {
        let (defaults, limits) = (generation.file.defaults, generation.file.limits)
        steps = try RequestError.check(
            settings.steps ?? defaults.steps, 1...limits.steps, "steps")
        guidance = Guidance(
            scale: try RequestError.check(
                settings.guidance ?? defaults.guidance.scale, RequestLimits.guidance, "guidance"),
            rescale: try RequestError.check(
                settings.guidanceRescale ?? defaults.guidance.rescale,
                RequestLimits.guidanceRescale, "guidance_rescale"))
        scheduler = try generation.scheduler(
            settings.scheduler, options: settings.schedulerOptions)
        shortcuts = settings.shortcuts.over(defaults.shortcuts)
        let trajectory: any Trajectory
        do {
            trajectory = try scheduler.scheduler.trajectory(steps: steps)
        } catch {
            throw RequestError(
                .invalid, "scheduler \(scheduler.name) cannot take \(steps) steps: \(error)")
        }
        try checkInterval(trajectory)
        try checkShortcuts(generation)
    }

    /// Of a pipeline's own making, for one that is known to fit.
    init(
        steps: Int, guidance: Guidance, scheduler: SchedulerChoice, shortcuts: Shortcuts = .none
    ) {
        self.steps = steps
        self.guidance = guidance
        self.scheduler = scheduler
        self.shortcuts = shortcuts
    }

    private func checkInterval(_ trajectory: any Trajectory) throws(RequestError) {
        let interval = shortcuts.guidanceInterval
        guard interval.low >= 0, interval.low < interval.high else {
            throw RequestError(
                .invalid,
                "guidance_interval is \(interval.low)...\(interval.high); give two noise levels, "
                    + "from 0 up, the lower one first")
        }
        guard guidance.isOn, !interval.isAll,
            trajectory.sigmas.count < trajectory.timesteps.count
        else { return }
        throw RequestError(
            .invalid,
            "guidance_interval needs noise levels, and the scheduler \(scheduler.name) does not "
                + "tell its own: leave the interval out, or choose another scheduler")
    }

    private func checkShortcuts(_ generation: Generation) throws(RequestError) {
        _ = try RequestError.check(
            shortcuts.deepCache, RequestLimits.deepCache, UNetShortcut.deepFeatures.rawValue)
        _ = try RequestError.check(
            shortcuts.tokenMerging, RequestLimits.tokenMerging,
            UNetShortcut.tokenMerging.rawValue)
        let able = generation.unet.shortcuts
        for (shortcut, isOn, off) in [
            (UNetShortcut.deepFeatures, shortcuts.deepCache > 1, "1"),
            (.tokenMerging, shortcuts.tokenMerging > 0, "0"),
        ] where isOn && !able.contains(shortcut) {
            let name = generation.stages.first { $0.kind == .unet }?.name ?? ""
            throw RequestError(
                .invalid,
                "\(shortcut.rawValue) is not for the UNet that serves, \(name): ask for "
                    + "\(shortcut.rawValue) \(off), or swap in a UNet that can do it, such as "
                    + "stable_diffusion_unet")
        }
    }
}

extension RequestError {
    /// - Returns: `value`, if it is in `range`.
    static func check<Number: Comparable>(
        _ value: Number, _ range: ClosedRange<Number>, _ name: String
    ) throws(RequestError) -> Number {
        guard range.contains(value) else {
            throw RequestError(
                .invalid,
                "\(name) is \(value); it must be in \(range.lowerBound)...\(range.upperBound)")
        }
        return value
    }
}
