public import Checkpoints

/// Which of the training timesteps are visited (Lin et al. 2023, arXiv 2305.08891, table 2).
public enum TimestepSpacing: String, Sendable, CaseIterable {
    /// Whole strides up from 0, plus `steps_offset`: does not reach the last timestep.
    case leading
    /// From the first timestep to the last, both included.
    case linspace
    /// Strides down from the last timestep.
    case trailing

    /// How one option name hides two rules: diffusers' algorithms differ in what N steps are.
    public enum Rule: Sendable {
        /// N timesteps, the last of them the smallest: DDIM, PNDM, Euler and their kin.
        case points
        /// N + 1 timesteps, of which the smallest is where the last step ends and is not visited:
        /// DPM-Solver, DEIS, UniPC, SA-Solver.
        case intervals
        /// The same, but ascending: the largest is where the last step ends. From a picture back
        /// to noise.
        case inverse
    }

    /// The timesteps of a run, descending and whole. Rounded exactly as NumPy does for diffusers.
    /// - Parameters:
    ///   - steps: how many.
    ///   - count: the training timesteps.
    ///   - offset: `steps_offset`; only ``leading`` uses it.
    public func timesteps(
        steps: Int, of count: Int, offset: Int = 0
    ) throws(SettingError) -> [Int] {
        try positions(steps: steps, of: count, offset: offset, rule: .points)
            .map { Int($0.rounded(.toNearestOrEven)) }
    }

    /// The timesteps of a run, descending, by the inverse rule ascending; with ``linspace`` and the
    /// rule of points not whole.
    /// - Parameter last: timesteps from here on are left out (`lambda_min_clipped`); the rule of
    ///   points does not have that.
    public func positions(
        steps: Int, of count: Int, offset: Int, rule: Rule, last: Int? = nil
    ) throws(SettingError) -> [Double] {
        guard (1...count).contains(steps) else {
            throw SettingError(
                key: "steps", message: "\(steps) is outside 1...\(count), the training timesteps")
        }
        let positions =
            switch rule {
            case .points: points(steps, of: count, offset)
            case .intervals: intervals(steps, of: count, offset, last: last ?? count)
            case .inverse: inverse(steps, of: count, offset, last: last ?? count)
            }
        guard positions.allSatisfy({ $0 >= 0 && $0 <= Double(count - 1) }) else {
            throw SettingError(
                key: "steps",
                message: "\(steps) steps with steps_offset \(offset) leave the \(count) training "
                    + "timesteps; take fewer steps or no offset")
        }
        return positions
    }

    private func points(_ steps: Int, of count: Int, _ offset: Int) -> [Double] {
        switch self {
        case .leading:
            let stride = count / steps
            return (0..<steps).reversed().map { Double($0 * stride + offset) }
        case .linspace:
            return evenly(from: 0, to: Double(count - 1), count: steps).reversed()
        case .trailing:
            return trailing(steps, of: count, last: count)
        }
    }

    private func intervals(
        _ steps: Int, of count: Int, _ offset: Int, last: Int
    ) -> [Double] {
        switch self {
        case .leading:
            let stride = last / (steps + 1)
            return (1...steps).reversed().map { Double($0 * stride + offset) }
        case .linspace:
            return evenly(from: 0, to: Double(last - 1), count: steps + 1).dropFirst().reversed()
                .map { $0.rounded(.toNearestOrEven) }
        case .trailing:
            return trailing(steps, of: count, last: last)
        }
    }

    private func inverse(_ steps: Int, of count: Int, _ offset: Int, last: Int) -> [Double] {
        switch self {
        case .leading:
            let stride = last / (steps + 1)
            return (0..<steps).map { Double($0 * stride + offset) }
        case .linspace:
            return evenly(from: 0, to: Double(last - 1), count: steps + 1).dropLast()
                .map { $0.rounded(.toNearestOrEven) }
        case .trailing:
            return trailing(steps, of: count, last: last).reversed()
        }
    }

    private func trailing(_ steps: Int, of count: Int, last: Int) -> [Double] {
        // NumPy's `arange` steps by the rounded difference of its first two elements.
        let top = Double(last)
        let stride = top - (top - Double(count) / Double(steps))
        return (0..<steps).map { top - Double($0) * stride }.filter { $0 > 0.5 }
            .map { $0.rounded(.toNearestOrEven) - 1 }
    }
}

/// `numpy.linspace`: numbers in equal distances, both ends included.
func evenly(from start: Double, to end: Double, count: Int) -> [Double] {
    guard count > 1 else { return [start] }
    let stride = (end - start) / Double(count - 1)
    return (0..<count - 1).map { start + Double($0) * stride } + [end]
}
