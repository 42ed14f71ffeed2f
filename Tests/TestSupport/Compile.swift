import Foundation

/// Compiles a plugin of one Swift file against a build's Kit.
///
/// - Parameters:
///   - folder: takes the source and the plugin.
///   - products: the folder of the build's products.
/// - Returns: the plugin's path.
public func compilePlugin(
    _ source: String, module: String, in folder: String, products: String
) throws -> String {
    let file = "\(folder)/\(module).swift"
    let plugin = "\(folder)/lib\(module).so"
    try source.write(toFile: file, atomically: true, encoding: .utf8)
    try runTool(
        "swiftc",
        [
            "-parse-as-library", "-emit-library", "-module-name", module, "-swift-version", "6",
            "-Onone", "-I", products + "/Modules",
        ] + moduleMaps(products).flatMap { ["-Xcc", "-fmodule-map-file=\($0)"] } + [
            file, "-L", products, "-lVokenKit", "-o", plugin,
        ])
    return plugin
}

/// Runs a program of the toolchain.
/// - Throws: what it printed, if it fails.
public func runTool(_ program: String, _ arguments: [String]) throws {
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [program] + arguments
    process.standardOutput = output
    process.standardError = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw ToolFailure(output: text) }
}

public struct ToolFailure: Error {
    public let output: String
}

/// Of the C targets of Kit, which Kit's modules are compiled against.
private func moduleMaps(_ products: String) -> [String] {
    let built = ["CPluginABI", "CKernels", "CSHA256", "CSentencePiece", "CPNG", "CJPEG"]
    return built.map { "\(products)/\($0).build/module.modulemap" } + [
        "\(root.path)/Sources/Kit/COpenBLAS/module.modulemap"
    ]
}

/// The root of the checkout.
private let root = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
