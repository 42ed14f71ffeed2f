/// How a single-step solver spends a number of calls: a step of order n takes n of them.
///
/// With lower orders at the end, the composition of DPM-Solver-fast (Lu et al. 2022, arXiv
/// 2206.00927, section 3.4), and the like for second order.
enum SinglestepOrders {
    /// The order reached at each call: 1, 2, 3, 1, 2, 3, … for third order; each call gives a
    /// sample, which the next one of its step replaces by a better one further on.
    /// - Parameters:
    ///   - lowersFinal: `lower_order_final`; also without it where the order does not divide the
    ///     steps or the run ends at zero.
    static func orders(
        steps: Int, order: Int, lowersFinal: Bool, endsAtZero: Bool
    ) -> [Int] {
        let lowers = lowersFinal || endsAtZero || !steps.isMultiple(of: order)
        var orders = self.steps(steps, order, lowers).flatMap { Array(1...$0) }
        // λ is infinite without noise, and a slope over it as well.
        if endsAtZero { orders[orders.count - 1] = 1 }
        return orders
    }

    private static func steps(_ calls: Int, _ order: Int, _ lowers: Bool) -> [Int] {
        func full(_ count: Int) -> [Int] { Array(repeating: order, count: count) }
        let (whole, rest) = calls.quotientAndRemainder(dividingBy: order)
        guard rest == 0 else { return full(whole) + [rest] }
        guard lowers, order > 1 else { return full(whole) }
        return full(whole - 1) + (order == 3 ? [2, 1] : [1, 1])
    }
}
