public import Checkpoints

/// Which of the training timesteps are visited (Lin et al. 2023, arXiv 2305.08891, table 2).
public enum TimestepSpacing: String, Sendable, CaseIterable {
    /// Whole strides up from 0, plus `steps_offset`: does not reach the last timestep.
    case leading
    /// From the first timestep to the last, both included.
    case linspace
    /// Strides down from the last timestep.
    case trailing

    /// The timesteps of a run, descending. Rounded exactly as NumPy does for diffusers.
    /// - Parameters:
    ///   - steps: how many.
    ///   - count: the training timesteps.
    ///   - offset: `steps_offset`; only ``leading`` uses it.
    public func timesteps(
        steps: Int, of count: Int, offset: Int = 0
    ) throws(SettingError) -> [Int] {
        guard (1...count).contains(steps) else {
            throw SettingError(
                key: "steps", message: "\(steps) is outside 1...\(count), the training timesteps")
        }
        let timesteps = descending(steps: steps, of: count, offset: offset)
        guard timesteps.allSatisfy((0..<count).contains) else {
            throw SettingError(
                key: "steps",
                message: "\(steps) steps with steps_offset \(offset) leave the \(count) training "
                    + "timesteps; take fewer steps or no offset")
        }
        return timesteps
    }

    private func descending(steps: Int, of count: Int, offset: Int) -> [Int] {
        func rounded(_ value: Double) -> Int { Int(value.rounded(.toNearestOrEven)) }
        switch self {
        case .leading:
            let stride = count / steps
            return (0..<steps).reversed().map { $0 * stride + offset }
        case .linspace:
            guard steps > 1 else { return [0] }
            let last = Double(count - 1)
            let stride = last / Double(steps - 1)
            return [count - 1] + (0..<steps - 1).reversed().map { rounded(Double($0) * stride) }
        case .trailing:
            // NumPy's `arange` steps by the rounded difference of its first two elements.
            let last = Double(count)
            let stride = last - (last - last / Double(steps))
            return (0..<steps).map { rounded(last - Double($0) * stride) - 1 }
        }
    }
}

/// What the model was trained to output.
public enum PredictionType: String, Sendable, CaseIterable {
    /// The noise ε.
    case epsilon
    /// The sample x_0.
    case sample
    /// v = √ᾱ · ε − √(1 − ᾱ) · x_0 (Salimans and Ho 2022, arXiv 2202.00512, appendix D).
    case velocity = "v_prediction"
}
