// swift-tools-version: 6.2
// Fuzzing is a package of its own, so that building and testing Voken never builds it. `./run`
// builds it with AddressSanitizer and coverage, and runs it; see etc/doc/fuzzing.md.
import PackageDescription

let settings: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("ExistentialAny"),
    .strictMemorySafety(),
]

/// The compiler's own libFuzzer, without its `main`: `./run` says where it lies.
let fuzzer = Context.environment["VOKEN_LIBFUZZER"].map { [LinkerSetting.unsafeFlags([$0])] } ?? []

let package = Package(
    name: "Fuzz",
    dependencies: [
        .package(path: "../../Sources/Kit"), .package(name: "Voken", path: "../.."),
    ],
    targets: [
        .target(name: "CFuzzer", path: "CFuzzer"),
        .executableTarget(
            name: "fuzz",
            dependencies: [
                "CFuzzer",
                .product(name: "VokenKit", package: "Kit"),
                .product(name: "Wire", package: "Voken"),
                .product(name: "PluginHost", package: "Voken"),
                .product(name: "Pipelines", package: "Voken"),
            ],
            path: "Sources", swiftSettings: settings,
            linkerSettings: fuzzer + [.linkedLibrary("stdc++")]),
    ],
    swiftLanguageModes: [.v6]
)
