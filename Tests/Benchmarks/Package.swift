// swift-tools-version: 6.2
// Benchmarks are a package of their own, so that building and testing Voken never builds them:
//
//     swift build -c release && cd Tests/Benchmarks
//     swift run -c release kernels
//     swift run -c release stages
//     swift run -c release schedulers
//     swift run -c release engine
//     swift run -c release swaps [SECTION…] [--quick]
//     swift run -c release crowds [SECTION…] [--quick]
//     swift run -c release wire [SECTION…] [--quick]
//
// What a stage takes, on any machine, says `voken bench`; `peers` holds it against other programs.
import PackageDescription

let settings: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("ExistentialAny"),
    .strictMemorySafety(),
]

let package = Package(
    name: "Benchmarks",
    dependencies: [
        .package(path: "../../Sources/Kit"), .package(name: "Voken", path: "../.."),
    ],
    targets: [
        // The peak is OpenBLAS's own, measured without Kit in between.
        .systemLibrary(name: "CBLAS", path: "CBLAS", pkgConfig: "openblas"),
        .executableTarget(
            name: "kernels", dependencies: [.product(name: "VokenKit", package: "Kit"), "CBLAS"],
            path: "kernels", swiftSettings: settings),
        .executableTarget(
            name: "stages",
            dependencies: [
                .product(name: "VokenKit", package: "Kit"),
                .product(name: "PluginHost", package: "Voken"),
            ],
            path: "stages", swiftSettings: settings),
        .executableTarget(
            name: "schedulers",
            dependencies: [
                .product(name: "VokenKit", package: "Kit"),
                .product(name: "PluginHost", package: "Voken"),
            ],
            path: "schedulers", swiftSettings: settings),
        .target(
            name: "BenchmarkSupport",
            dependencies: [.product(name: "VokenClient", package: "Voken")],
            path: "BenchmarkSupport", swiftSettings: settings),
        .executableTarget(
            name: "crowds",
            dependencies: [
                "BenchmarkSupport", .product(name: "VokenClient", package: "Voken"),
            ],
            path: "crowds", swiftSettings: settings),
        .executableTarget(
            name: "engine",
            dependencies: [
                .product(name: "VokenKit", package: "Kit"),
                .product(name: "PluginHost", package: "Voken"),
                .product(name: "Pipelines", package: "Voken"),
            ],
            path: "engine", swiftSettings: settings),
        .executableTarget(
            name: "swaps",
            dependencies: [
                "BenchmarkSupport",
                .product(name: "VokenKit", package: "Kit"),
                .product(name: "VokenClient", package: "Voken"),
                .product(name: "PluginHost", package: "Voken"),
            ],
            path: "swaps", swiftSettings: settings),
        .executableTarget(
            name: "wire",
            dependencies: [
                "BenchmarkSupport",
                .product(name: "VokenClient", package: "Voken"),
                .product(name: "Wire", package: "Voken"),
                .product(name: "EventLoop", package: "Voken"),
            ],
            path: "wire", swiftSettings: settings),
    ],
    swiftLanguageModes: [.v6]
)
