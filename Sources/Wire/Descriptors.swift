internal import CProtobufC

/// What `Protos/` says, for clients that ask the server in place of having the files.
public enum Descriptors {
    /// One .proto file.
    public struct File: Sendable, Equatable {
        /// `voken/v1/admin.proto`.
        public let name: String
        /// `voken.v1`.
        public let package: String
        /// Of the files that it imports.
        public let dependencies: [String]
        /// Fully qualified, as all names here.
        public let services: [String]
        /// Of its messages, enumerations, services and methods.
        public let symbols: [String]
        /// The file as a `google.protobuf.FileDescriptorProto`.
        public let bytes: [UInt8]
    }

    /// All files as one `google.protobuf.FileDescriptorSet`.
    public static let set: [UInt8] = {
        var count = 0
        let first = unsafe voken_descriptor_set(&count)
        return unsafe [UInt8](UnsafeBufferPointer(start: first, count: count))
    }()

    /// In an order in which each comes after those that it imports.
    public static let files: [File] = {
        do throws(WireError) {
            return try Descriptors.files(in: set)
        } catch {
            preconditionFailure("the descriptors in this program are damaged: \(error)")
        }
    }()

    static func files(in set: [UInt8]) throws(WireError) -> [File] {
        var files: [File] = []
        for file in try DescriptorFields(set[...]).parts(1) { files.append(try File(file)) }
        return files
    }
}

extension Descriptors.File {
    fileprivate init(_ bytes: ArraySlice<UInt8>) throws(WireError) {
        let file = DescriptorFields(bytes)
        let package = try file.text(2)
        var services: [String] = []
        var symbols: [String] = []
        for message in try file.parts(4) {
            try addMessage(message, in: package, to: &symbols)
        }
        for enumeration in try file.parts(5) {
            symbols.append(qualified(try DescriptorFields(enumeration).text(1), in: package))
        }
        for part in try file.parts(6) {
            let service = DescriptorFields(part)
            let name = qualified(try service.text(1), in: package)
            services.append(name)
            symbols.append(name)
            for method in try service.parts(2) {
                symbols.append(qualified(try DescriptorFields(method).text(1), in: name))
            }
        }
        self.init(
            name: try file.text(1), package: package, dependencies: try file.texts(3),
            services: services, symbols: symbols, bytes: Array(bytes))
    }
}

private func qualified(_ name: String, in scope: String) -> String {
    scope.isEmpty ? name : "\(scope).\(name)"
}

private let maximumDepth = 32

/// A message's name, and those of the messages and enumerations in it.
private func addMessage(
    _ bytes: ArraySlice<UInt8>, in scope: String, to symbols: inout [String], depth: Int = 0
) throws(WireError) {
    guard depth < maximumDepth else {
        throw WireError(.malformed, "messages nested over \(maximumDepth) deep")
    }
    let message = DescriptorFields(bytes)
    let name = qualified(try message.text(1), in: scope)
    symbols.append(name)
    for nested in try message.parts(3) {
        try addMessage(nested, in: name, to: &symbols, depth: depth + 1)
    }
    for enumeration in try message.parts(4) {
        symbols.append(qualified(try DescriptorFields(enumeration).text(1), in: name))
    }
}

/// Fields of a descriptor by their numbers (google/protobuf/descriptor.proto).
private struct DescriptorFields {
    let bytes: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { self.bytes = bytes }

    func parts(_ wanted: UInt64) throws(WireError) -> [ArraySlice<UInt8>] {
        var parts: [ArraySlice<UInt8>] = []
        var fields = FieldReader(bytes)
        while let (number, value) = try fields.next() {
            if number == wanted, case .bytes(let part) = value { parts.append(part) }
        }
        return parts
    }

    func texts(_ number: UInt64) throws(WireError) -> [String] {
        var texts: [String] = []
        for part in try parts(number) {
            texts.append(try validText(part, "a descriptor's name", limit: TextLimit.name))
        }
        return texts
    }

    func text(_ number: UInt64) throws(WireError) -> String { try texts(number).last ?? "" }
}
