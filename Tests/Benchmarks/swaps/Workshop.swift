import BenchmarkSupport
import Foundation

/// Compiles plugins against the release build's Kit, and damages them.
struct Workshop {
    let folder: String
    private let bench: Workbench

    init(_ bench: Workbench) throws {
        self.bench = bench
        folder = try bench.makeFolder("workshop")
    }

    /// Compiles a plugin of one Swift file.
    /// - Returns: the shared library's bytes.
    func compile(_ source: String, module: String) throws -> [UInt8] {
        let file = "\(folder)/\(module).swift"
        let plugin = "\(folder)/lib\(module).so"
        try replace(file, with: Array(source.utf8))
        let products = bench.programs
        let modules = ["CPluginABI", "CKernels", "CSHA256", "CSentencePiece", "CPNG", "CJPEG"]
        let maps =
            modules.map { "\(products)/\($0).build/module.modulemap" }
            + ["\(bench.root)/Sources/Kit/COpenBLAS/module.modulemap"]
        try run(
            "swiftc",
            [
                "-parse-as-library", "-emit-library", "-module-name", module, "-swift-version", "6",
                // An optimiser would see through what is patched.
                "-Onone", "-I", products + "/Modules",
            ] + maps.flatMap { ["-Xcc", "-fmodule-map-file=\($0)"] } + [
                file, "-L", products, "-lVokenKit", "-o", plugin,
            ])
        return try contents(of: plugin)
    }

    private func run(_ program: String, _ arguments: [String]) throws {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [program] + arguments
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let text = String(
            decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failure("\(program): \(text)") }
    }
}

extension [UInt8] {
    /// Replaces a text, wherever it occurs, by another of the same length.
    func patched(_ text: String, _ other: String) throws -> [UInt8] {
        guard text.utf8.count == other.utf8.count else {
            throw Failure("\"\(other)\" is not as long as \"\(text)\"")
        }
        var data = Data(self)
        var found = 0
        while let range = data.range(of: Data(text.utf8)) {
            data.replaceSubrange(range, with: Data(other.utf8))
            found += 1
        }
        guard found > 0 else { throw Failure("the file does not have \"\(text)\"") }
        return [UInt8](data)
    }
}
