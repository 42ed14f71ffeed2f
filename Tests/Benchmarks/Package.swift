// swift-tools-version: 6.2
// Benchmarks are a package of their own, so that building and testing Voken never builds them:
//
//     cd Tests/Benchmarks && swift run -c release kernels
import PackageDescription

let settings: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("ExistentialAny"),
    .strictMemorySafety(),
]

let package = Package(
    name: "Benchmarks",
    dependencies: [.package(path: "../../Sources/Kit")],
    targets: [
        // The peak is OpenBLAS's own, measured without Kit in between.
        .systemLibrary(name: "CBLAS", path: "CBLAS", pkgConfig: "openblas"),
        .executableTarget(
            name: "kernels", dependencies: [.product(name: "VokenKit", package: "Kit"), "CBLAS"],
            path: "kernels", swiftSettings: settings),
    ],
    swiftLanguageModes: [.v6]
)
