// swift-tools-version: 6.2
// Kit is a package of its own, vended as ONE shared library: within a single package SwiftPM
// would link a copy of it into the daemon and into every plugin, and the types of two copies are
// different types. For the same reason it depends on no other Swift package.
import PackageDescription

let settings: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("ExistentialAny"),
    .strictMemorySafety(),
]

func room(
    _ name: String, _ dependencies: [Target.Dependency], plugins: [Target.PluginUsage] = []
) -> Target {
    .target(
        name: name, dependencies: dependencies, path: name, swiftSettings: settings,
        plugins: plugins)
}

let package = Package(
    name: "Kit",
    products: [
        .library(
            name: "VokenKit", type: .dynamic,
            targets: [
                "CPluginABI", "Tensors", "Layers", "Checkpoints", "Tokenizers", "Images", "Stages",
            ])
    ],
    targets: [
        .systemLibrary(name: "COpenBLAS", path: "COpenBLAS", pkgConfig: "openblas"),
        .target(name: "CPNG", path: "CPNG", linkerSettings: [.linkedLibrary("png")]),
        .target(name: "CJPEG", path: "CJPEG", linkerSettings: [.linkedLibrary("jpeg")]),
        .target(
            name: "CSentencePiece", path: "CSentencePiece",
            linkerSettings: [.linkedLibrary("sentencepiece"), .linkedLibrary("stdc++")]),
        // Optimised in debug builds too: models would be too slow to test otherwise.
        .target(
            name: "CKernels", path: "CKernels",
            cSettings: [.unsafeFlags(["-O2"], .when(configuration: .debug))]),
        .target(name: "CSHA256", path: "CSHA256"),
        .target(name: "CPluginABI", path: "CPluginABI"),
        room("Tensors", ["COpenBLAS", "CKernels"]),
        room("Layers", ["Tensors"]),
        room("Checkpoints", ["CSHA256", "Tensors", "Layers"]),
        room("Tokenizers", ["CSentencePiece", "Checkpoints"]),
        room("Images", ["CPNG", "CJPEG", "Tensors"]),
        .plugin(name: "KitFingerprint", capability: .buildTool(), path: "KitFingerprint"),
        room(
            "Stages", ["CPluginABI", "Tensors", "Layers", "Checkpoints", "Tokenizers"],
            plugins: ["KitFingerprint"]),
    ],
    swiftLanguageModes: [.v6],
    cxxLanguageStandard: .cxx17
)
