/// Something that a pickle built: of the types that a state dictionary is made of, or opaque.
enum PickleValue {
    case none
    case boolean(Bool)
    case integer(Int)
    case number(Double)
    case text(String)
    /// Items of ``PickleValues``.
    case tuple(Int)
    case list(Int)
    /// Keys and values in turn.
    case dictionary(Int)
    case function(TorchFunction)
    case storageType(ElementType)
    case storage(TorchStorage)
    case tensor(StoredTensor)
    /// Stands for what is not built, by the name of the class or function that would build it.
    case opaque(String)

    /// For messages.
    var kind: String {
        switch self {
        case .none: "None"
        case .boolean: "a bool"
        case .integer, .number: "a number"
        case .text: "a string"
        case .tuple: "a tuple"
        case .list: "a list"
        case .dictionary: "a dictionary"
        case .function, .storageType: "a class"
        case .storage: "a storage"
        case .tensor: "a tensor"
        case .opaque(let name): "an object of \(name)"
        }
    }
}

/// What a pickle built, flat: objects refer to each other by number. A pickle can nest objects a
/// million deep, or let one contain itself, so nothing here may follow them by recursion, nor
/// free them by it.
struct PickleValues {
    typealias Reference = Int

    static let maximumCount = 1 << 22

    private var values: [PickleValue] = []
    private var items: [[Reference]] = []

    subscript(reference: Reference) -> PickleValue {
        get { values[reference] }
        set { values[reference] = newValue }
    }

    /// - Returns: `nil` if there are too many.
    mutating func add(_ value: PickleValue) -> Reference? {
        guard values.count < Self.maximumCount else { return nil }
        values.append(value)
        return values.count - 1
    }

    /// A place for the items of a tuple, list or dictionary.
    mutating func add(items references: [Reference]) -> Int {
        items.append(references)
        return items.count - 1
    }

    mutating func append(_ references: ArraySlice<Reference>, to index: Int) {
        items[index] += references
    }

    func items(_ index: Int) -> [Reference] { items[index] }

    /// The members of a tuple; `nil` for anything else.
    func tuple(_ reference: Reference) -> [Reference]? {
        guard case .tuple(let index) = values[reference] else { return nil }
        return items[index]
    }

    func integer(_ reference: Reference) -> Int? {
        guard case .integer(let integer) = values[reference] else { return nil }
        return integer
    }

    /// A tuple of so many integers at most; one long tuple may be named again and again.
    func integers(_ reference: Reference, limit: Int) -> [Int]? {
        guard let tuple = tuple(reference), tuple.count <= limit else { return nil }
        var integers: [Int] = []
        for member in tuple {
            guard let integer = integer(member) else { return nil }
            integers.append(integer)
        }
        return integers
    }
}
