/// The name of a new plugin: of its package, its stage and its file `lib<name>.so`.
public struct PluginName: Sendable {
    /// As pipeline files have it: `my_euler`.
    public let text: String
    /// As Swift has it: `MyEuler`.
    public let module: String

    /// - Throws: for a name that is none, or that is taken already.
    public init(_ text: String) throws(PluginNameError) {
        let letters = text.utf8
        guard let first = letters.first, Self.small.contains(first), letters.count <= Self.longest,
            letters.allSatisfy({ Self.small.contains($0) || Self.digits.contains($0) || $0 == 0x5F }
            )
        else {
            throw PluginNameError(
                "\"\(text)\" cannot name a plugin: take a small letter, then up to "
                    + "\(Self.longest - 1) small letters, digits and _")
        }
        self.text = text
        module = text.split(separator: "_")
            .map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
        guard !Self.modules.contains(module) else {
            throw PluginNameError(
                "\"\(text)\" would make the module \(module), which Kit or Swift has already; "
                    + "take another name")
        }
        guard !Self.libraries.contains(text) else {
            throw PluginNameError(
                "\"\(text)\" would make lib\(text).so, which hides a library that Kit needs; "
                    + "take another name")
        }
    }

    private static let small = UInt8(ascii: "a")...UInt8(ascii: "z")
    private static let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
    private static let longest = 64

    /// Modules that a plugin is built beside, and words that cannot name one.
    private static let modules: Set = [
        "CJPEG", "CKernels", "COpenBLAS", "CPNG", "CPluginABI", "CSHA256", "CSentencePiece",
        "Checkpoints", "Images", "Kit", "KitFingerprint", "Layers", "Stages", "Tensors",
        "Tokenizers", "VokenKit",
        "Builtin", "CoreFoundation", "Cxx", "CxxStdlib", "Dispatch", "Distributed", "Foundation",
        "FoundationEssentials", "FoundationInternationalization", "FoundationNetworking",
        "FoundationXML", "Glibc", "Observation", "PackageDescription", "PackagePlugin",
        "RegexBuilder", "Swift", "SwiftGlibc", "Synchronization", "Testing", "XCTest",
        "Any", "Protocol", "Self", "Type",
    ]

    /// The linker looks for `-lpng` among a package's own products first.
    private static let libraries: Set = [
        "c", "dl", "gcc", "gcc_s", "gfortran", "jpeg", "m", "openblas", "png", "pthread", "rt",
        "sentencepiece", "util", "z",
    ]
}

/// A name that a plugin cannot have.
public struct PluginNameError: Error, Sendable, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}
