/// What a checkpoint may call.
enum TorchFunction {
    case orderedDictionary
    /// `torch._utils._rebuild_tensor_v2`
    case rebuildTensor
    /// `torch._utils._rebuild_parameter`
    case rebuildParameter
}

/// The classes and functions that a pickle names.
enum TorchGlobal {
    private static let functions: [String: TorchFunction] = [
        "collections.OrderedDict": .orderedDictionary,
        "torch._utils._rebuild_tensor_v2": .rebuildTensor,
        "torch._utils._rebuild_parameter": .rebuildParameter,
    ]

    /// The typed storages of `torch/storage.py`.
    private static let storages: [String: ElementType] = [
        "FloatStorage": .float32, "HalfStorage": .float16, "BFloat16Storage": .bfloat16,
        "DoubleStorage": .float64, "LongStorage": .int64, "IntStorage": .int32,
        "ShortStorage": .int16, "CharStorage": .int8, "ByteStorage": .uint8,
        "BoolStorage": .boolean,
    ]

    /// `nil` for what is not known.
    static func value(module: String, name: String) -> PickleValue? {
        if module == "torch", let type = storages[name] { return .storageType(type) }
        return functions["\(module).\(name)"].map { .function($0) }
    }

    /// Whether nothing but an attack names it. No list of this kind can be complete, and none is
    /// needed, as nothing is called: it is for telling people what they have been given.
    static func isForbidden(module: String, name: String) -> Bool {
        let root = module.split(separator: ".").first.map(String.init) ?? module
        if ["builtins", "__builtin__"].contains(root) { return runners.contains(name) }
        return modules.contains(root)
    }

    private static let runners: Set = [
        "eval", "exec", "execfile", "compile", "open", "__import__", "breakpoint", "input",
    ]
    /// Of Python's own modules; none that a project would name one of its own folders.
    private static let modules: Set = [
        "os", "posix", "nt", "subprocess", "sys", "pty", "shutil", "socket", "runpy", "importlib",
        "ctypes", "webbrowser", "pickle",
    ]
}
