internal import CProtobufC

/// One message of the stream that `voken.v1.Sessions/Export` answers and `Import` takes: the header,
/// then for each turn the pictures that it brought and the turn itself.
public enum SessionPart: StreamEvent {
    case header(SessionHeader)
    /// A part of the next picture's file, if that is too long for one frame.
    case pictureChunk([UInt8])
    /// The next picture's file, or what is left of it after the chunks.
    case picture([UInt8])
    case turn(Turn)
    /// Of a newer server.
    case unknown

    public init(_ bytes: [UInt8]) throws(WireError) {
        self = try unsafe unpacking(bytes, with: voken__v1__session_part__unpack, growth: 8) {
            message throws(WireError) in try unsafe SessionPart(message)
        }
    }

    private init(_ message: Voken__V1__SessionPart) throws(WireError) {
        switch unsafe message.part_case {
        case VOKEN__V1__SESSION_PART__PART_HEADER:
            self = .header(try unsafe SessionHeader(message.header.pointee))
        case VOKEN__V1__SESSION_PART__PART_PICTURE_CHUNK:
            self = unsafe .pictureChunk([UInt8](message.picture_chunk))
        case VOKEN__V1__SESSION_PART__PART_PICTURE:
            self = unsafe .picture([UInt8](message.picture))
        case VOKEN__V1__SESSION_PART__PART_TURN:
            self = .turn(try unsafe Turn(message.turn.pointee))
        default:
            self = .unknown
        }
    }

    public var bytes: [UInt8] {
        unsafe packing(voken__v1__session_part__init) { message, arena in
            switch self {
            case .header(let header):
                unsafe message.part_case = VOKEN__V1__SESSION_PART__PART_HEADER
                unsafe message.header = header.packed(&arena)
            case .pictureChunk(let data):
                unsafe message.part_case = VOKEN__V1__SESSION_PART__PART_PICTURE_CHUNK
                unsafe message.picture_chunk = arena.bytes(data)
            case .picture(let data):
                unsafe message.part_case = VOKEN__V1__SESSION_PART__PART_PICTURE
                unsafe message.picture = arena.bytes(data)
            case .turn(let turn):
                unsafe message.part_case = VOKEN__V1__SESSION_PART__PART_TURN
                unsafe message.turn = turn.packed(&arena)
            case .unknown:
                break
            }
        }
    }
}

/// The first part of an exported session.
public struct SessionHeader: Sendable, Equatable {
    public var format: Int
    /// Of the new session, for `Import`; empty for one that the server makes.
    public var name: String
    public var settings: SessionSettings
    /// For people.
    public var pipeline: String

    public init(
        format: Int = 1, name: String = "", settings: SessionSettings = SessionSettings(),
        pipeline: String = ""
    ) {
        self.format = format
        self.name = name
        self.settings = settings
        self.pipeline = pipeline
    }

    init(_ message: Voken__V1__SessionHeader) throws(WireError) {
        unsafe self.init(
            format: Int(message.format),
            name: try validText(message.name, "name", limit: TextLimit.id),
            settings: try part(message.settings) { part throws(WireError) in
                try unsafe SessionSettings(part)
            } ?? SessionSettings(),
            pipeline: try validText(message.pipeline, "pipeline", limit: TextLimit.name))
    }

    func packed(_ arena: inout Arena) -> UnsafeMutablePointer<Voken__V1__SessionHeader>? {
        unsafe arena.message(voken__v1__session_header__init) { message, arena in
            unsafe message.format = UInt32(clamping: format)
            unsafe message.name = arena.string(name)
            unsafe message.settings = settings.packed(&arena)
            unsafe message.pipeline = arena.string(pipeline)
        }
    }
}
