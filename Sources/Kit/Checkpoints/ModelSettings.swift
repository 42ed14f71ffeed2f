// What models ask of their `config.json` beyond single values.

extension Settings {
    private static let extentRange = 1...1 << 20

    /// A count or an extent: at least one, and far over any model's at most, so that no size that is
    /// computed from it overflows.
    public func extent(_ key: String, default fallback: Int? = nil) throws(SettingError) -> Int {
        try integer(key, default: fallback, in: Self.extentRange)
    }

    /// An extent for each of `count` blocks; a single integer stands for all of them.
    public func extents(
        _ key: String, count: Int, default fallback: Int? = nil
    ) throws(SettingError) -> [Int] {
        guard case .array = value(key) else {
            return Array(repeating: try extent(key, default: fallback), count: count)
        }
        let extents = try integers(key)
        guard extents.count == count else {
            throw error(key, "\(extents.count) values for \(count) blocks")
        }
        guard extents.allSatisfy({ Self.extentRange.contains($0) }) else {
            throw error(key, "every value must be in \(Self.extentRange); found \(extents)")
        }
        return extents
    }

    /// As many numbers as there are channels.
    public func numbers(
        _ key: String, count: Int, default fallback: [Float]
    ) throws(SettingError) -> [Float] {
        let elements: [SettingValue]
        switch value(key) {
        case .array(let found): elements = found
        case nil: return fallback
        case let other?: throw error(key, "expected an array of numbers, found \(other.kind)")
        }
        var numbers: [Float] = []
        for element in elements {
            switch element {
            case .integer(let integer): numbers.append(Float(integer))
            case .number(let number): numbers.append(Float(number))
            default: throw error(key, "expected numbers, found \(element.kind)")
            }
        }
        guard numbers.count == count else {
            throw error(key, "expected \(count) numbers, found \(numbers.count)")
        }
        return numbers
    }

    /// Refuses an option that the stage does not implement, by name: computing on regardless
    /// would give plausible nonsense. An absent key is the option's usual value, and fine.
    public func requireOneOf(_ key: String, _ values: SettingValue...) throws(SettingError) {
        guard let found = value(key), !values.contains(found) else { return }
        let known = values.map(\.literal).joined(separator: " or ")
        throw error(
            key,
            "\(found.literal) is not supported by this stage, only "
                + (known.isEmpty ? "null" : known)
                + "; use a model without it, or a plugin that knows it")
    }

    /// Checks that attention heads (or normalisation groups) split a width evenly.
    public func requireDivides(
        _ key: String, _ parts: Int, _ width: Int, of what: String
    ) throws(SettingError) {
        guard width.isMultiple(of: parts) else {
            throw error(key, "\(parts) does not divide the \(width) channels of \(what)")
        }
    }
}
