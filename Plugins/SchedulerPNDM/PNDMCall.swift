/// One call of the model in a PNDM trajectory: where it is evaluated, and what is made of it.
struct PNDMCall {
    /// How the output is combined with earlier ones into the direction of a step.
    enum Direction {
        /// Linear multistep from as many outputs as there are, up to four (equation 12).
        case multistep
        /// The second evaluation of the first multistep step: the mean of both outputs, from the
        /// first one's sample. It is not remembered.
        case corrected
        /// The four evaluations of a Runge-Kutta step (equation 13), 0 to 3. The first is
        /// remembered for the multistep steps.
        case rungeKutta(Int)
    }

    /// The timestep that the model is told.
    let timestep: Int
    /// The step goes from one timestep to another; below zero is past the last step.
    let from: Int
    let to: Int
    let direction: Direction

    static let fewestStepsWithRungeKutta = 4

    /// Multistep from the start, which makes the second call repeat the first step with a better
    /// direction (Crowson's PLMS sampler for latent diffusion).
    /// - Parameter timesteps: descending.
    static func multistep(_ timesteps: [Int], stride: Int) -> [PNDMCall] {
        var calls = timesteps.map {
            PNDMCall(timestep: $0, from: $0, to: $0 - stride, direction: .multistep)
        }
        if timesteps.count > 1 {
            let second = timesteps[1]
            calls.insert(
                PNDMCall(
                    timestep: second, from: second + stride, to: second, direction: .corrected),
                at: 1)
        }
        return calls
    }

    /// Three Runge-Kutta steps, then multistep (algorithm 2).
    /// - Parameter timesteps: descending, at least four.
    static func rungeKuttaFirst(_ timesteps: [Int], stride: Int) -> [PNDMCall] {
        let half = stride / 2
        var calls: [PNDMCall] = []
        for step in 0..<3 {
            let from = timesteps[step]
            // Half-way is counted up from where the step ends, as diffusers does.
            let middle = timesteps[step + 1] + half
            let end = timesteps[step + 1]
            let places = [
                (from, from - half), (middle, middle), (middle, middle - half), (end, end),
            ]
            for (stage, (timestep, to)) in places.enumerated() {
                calls.append(
                    PNDMCall(
                        timestep: timestep, from: from, to: to, direction: .rungeKutta(stage)))
            }
        }
        return calls
            + timesteps[3...].map {
                PNDMCall(timestep: $0, from: $0, to: $0 - stride, direction: .multistep)
            }
    }
}
