/// The explicit linear multistep formulas for equal steps (Liu et al. 2022, arXiv 2202.09778,
/// equation 12 and appendix A).
public enum AdamsBashforth {
    /// - Parameter order: 1 to 4: how many derivatives there are.
    /// - Returns: the weight of each, newest first.
    public static func weights(order: Int) -> [Double] {
        switch order {
        case 1: [1]
        case 2: [3 / 2, -1 / 2]
        case 3: [23 / 12, -16 / 12, 5 / 12]
        default: [55 / 24, -59 / 24, 37 / 24, -9 / 24]
        }
    }
}
