import Checkpoints
public import Foundation
public import Tensors
public import Testing

/// The file of that name in `Tests/Fixtures`; the script that made it is in `Tests/Reference`.
public func fixture(_ name: String) -> URL {
    URL(filePath: #filePath)
        .deletingLastPathComponent()
        .deletingLastPathComponent()
        .appending(components: "Fixtures", name)
}

/// Inputs and expected results by name.
public struct Fixture: Sendable {
    private let file: Safetensors

    /// - Parameter name: of a safetensors file in `Tests/Fixtures`.
    public init(_ name: String) throws {
        file = try Safetensors(path: fixture(name).path)
    }

    /// A tensor as it is stored; fails the test if there is none of that name.
    public func weight(
        _ name: String, sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> Weight {
        try #require(
            file.weight(named: name), "no \(name) in \(file.path)", sourceLocation: sourceLocation)
    }

    /// A tensor in 32-bit floats; fails the test if there is none of that name.
    public func tensor(
        _ name: String, sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> Tensor {
        try weight(name, sourceLocation: sourceLocation).tensor()
    }
}
