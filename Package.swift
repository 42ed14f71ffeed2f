// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("ExistentialAny"),
    .strictMemorySafety(),
]

// Kit is linked as its one shared library by everything, plugins included.
let kit: Target.Dependency = .product(name: "VokenKit", package: "Kit")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let arguments: Target.Dependency = .product(
    name: "ArgumentParser", package: "swift-argument-parser")

/// One folder each under Plugins/, one shared library each.
let plugins = [
    "AutoencoderKL", "ClipText", "Echo", "EvaQFormer", "Llama",
    "SchedulerConsistency",
    "SchedulerDDIM",
    "SchedulerDDIMInverse",
    "SchedulerDDPM",
    "SchedulerDEIS",
    "SchedulerDPMSolver",
    "SchedulerDPMSolverSDE",
    "SchedulerIPNDM",
    "SchedulerKarras",
    "SchedulerPNDM",
    "SchedulerSASolver",
    "SchedulerUniPC",
    "StableDiffusionUNet", "VokenMapper",
]

/// The modules whose tests are built, without programs; all, with programs, if it is not set.
let chosen = Context.environment["VOKEN_TESTED"]?.split(separator: ",").map(String.init)

/// Modules with tests of their own; `EndToEnd` drives the real binaries, `Interop` foreign ones.
let tested: [(name: String, dependencies: [Target.Dependency])] = [
    ("Tensors", [kit]), ("Layers", [kit]), ("Checkpoints", [kit]), ("Tokenizers", [kit]),
    ("Images", [kit]), ("Stages", [kit, "PluginHost"]), ("Wire", ["Wire"]),
    ("EventLoop", ["EventLoop"]), ("PluginHost", ["PluginHost", kit]),
    ("Pipelines", ["Pipelines", "PluginHost", kit]),
    ("Stories", ["Stories", "Pipelines", kit]), ("ModelImport", ["ModelImport", kit]),
    ("Benchmarking", ["Benchmarking", kit]),
    ("Daemon", ["Daemon", "Pipelines", "PluginHost", "VokenClient", kit]),
    ("Interop", ["Wire", "EventLoop"]), ("EndToEnd", ["VokenClient", "Wire", "EventLoop", kit]),
].filter { chosen?.contains($0.name) ?? true }

func room(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func program(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(name: name, dependencies: dependencies, swiftSettings: settings)
}

/// The programs, and the modules that only they are made of.
let programs: [Target] =
    chosen != nil
    ? []
    : [
        room("Daemon", ["Pipelines", "PluginHost", "Wire", "EventLoop", logging, kit]),
        room("VokenClient", ["Wire", "EventLoop"]),
        room("Stories", ["Pipelines", kit]),
        room("PluginTemplates", [kit]),
        // Optimised in debug builds too: it says what the machine can do.
        .target(
            name: "CPeak",
            cSettings: [.unsafeFlags(["-O2"], .when(configuration: .debug))]),
        room("Benchmarking", ["CPeak", "Pipelines", "PluginHost", kit]),
        room("ModelImport", ["PluginHost", kit]),
        program(
            "vokend", ["Daemon", "EventLoop", "Pipelines", "PluginHost", logging, arguments, kit]),
        program(
            "voken",
            [
                "VokenClient", "Wire", "Benchmarking", "Pipelines", "PluginTemplates",
                "ModelImport", "Stories", arguments, kit,
            ]),
        program("voken-probe", ["PluginHost", kit]),
    ]

let package = Package(
    name: "Voken",
    products: [
        .library(name: "PluginHost", targets: ["PluginHost"]),
        .library(name: "Pipelines", targets: ["Pipelines"]),
        .library(name: "Wire", targets: ["Wire"]),
        .library(name: "EventLoop", targets: ["EventLoop"]),
    ]
        + (chosen != nil
            ? []
            : [
                .executable(name: "voken", targets: ["voken"]),
                .executable(name: "vokend", targets: ["vokend"]),
                .executable(name: "voken-probe", targets: ["voken-probe"]),
                .library(name: "VokenClient", targets: ["VokenClient"]),
            ])
        + plugins.map { .library(name: $0, type: .dynamic, targets: [$0]) },
    dependencies: [
        .package(path: "Sources/Kit"),
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
    ],
    targets: [
        .systemLibrary(name: "CUV", pkgConfig: "libuv"),
        .target(
            name: "CProtobufC", linkerSettings: [.linkedLibrary("protobuf-c")]),
        room("Wire", ["CProtobufC"]),
        room("EventLoop", ["CUV"]),
        room("PluginHost", [kit]),
        room("Pipelines", ["PluginHost", kit]),
        .target(
            name: "TestSupport", dependencies: [kit], path: "Tests/TestSupport",
            swiftSettings: settings),
    ]
        + programs
        + plugins.map {
            .target(name: $0, dependencies: [kit], path: "Plugins/\($0)", swiftSettings: settings)
        }
        + tested.map {
            .testTarget(
                name: $0.name + "Tests", dependencies: $0.dependencies + ["TestSupport"],
                swiftSettings: settings)
        },
    swiftLanguageModes: [.v6]
)
