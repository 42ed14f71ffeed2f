import Wire

extension Target {
    static let requestEnvelope = Target("request-envelope", heap: HeapBound(each: 100)) { bytes in
        guard let envelope = try? RequestEnvelope(bytes) else { return }
        let again = try RequestEnvelope(envelope.bytes)
        expect(again == envelope, "\(envelope) reads back as \(again)")
    }

    static let responseEnvelope = Target("response-envelope", heap: HeapBound(each: 100)) { bytes in
        guard let envelope = try? ResponseEnvelope(bytes) else { return }
        let again = try ResponseEnvelope(envelope.bytes)
        expect(again == envelope, "\(envelope) reads back as \(again)")
    }
}
