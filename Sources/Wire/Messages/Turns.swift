internal import CProtobufC

/// What the user said and the model answered.
public struct Turn: Sendable, Equatable {
    public var user: [TurnPiece]
    public var answer: [TurnPiece]
    /// Why the answer ended: `end_of_turn`, `token_limit`, `illustrated` or `given`.
    public var reason: String
    /// That it was made with.
    public var seed: UInt64

    public init(user: [TurnPiece], answer: [TurnPiece], reason: String, seed: UInt64) {
        self.user = user
        self.answer = answer
        self.reason = reason
        self.seed = seed
    }

    init(_ message: Voken__V1__Turn) throws(WireError) {
        unsafe self.init(
            user: try elements(message.user, message.n_user) { part throws(WireError) in
                try unsafe TurnPiece(part)
            },
            answer: try elements(message.answer, message.n_answer) { part throws(WireError) in
                try unsafe TurnPiece(part)
            }, reason: try validText(message.reason, "reason", limit: TextLimit.name),
            seed: message.seed)
    }

    func packed(_ arena: inout Arena) -> UnsafeMutablePointer<Voken__V1__Turn>? {
        unsafe arena.message(voken__v1__turn__init) { message, arena in
            unsafe message.n_user = user.count
            unsafe message.user = arena.list(user) { unsafe $0.packed(&$1) }
            unsafe message.n_answer = answer.count
            unsafe message.answer = arena.list(answer) { unsafe $0.packed(&$1) }
            unsafe message.reason = arena.string(reason)
            unsafe message.seed = seed
        }
    }
}

/// A part of what was said.
public enum TurnPiece: Sendable, Equatable {
    case text(String)
    /// A picture of the session, by its number from 1.
    case picture(Int)
    /// Of a newer server: to be ignored.
    case unknown

    private static let textLimit = 1 << 20

    init(_ piece: Voken__V1__TurnPiece) throws(WireError) {
        switch unsafe piece.piece_case {
        case VOKEN__V1__TURN_PIECE__PIECE_TEXT:
            self = .text(try unsafe validText(piece.text, "a turn's text", limit: Self.textLimit))
        case VOKEN__V1__TURN_PIECE__PIECE_PICTURE:
            self = unsafe .picture(Int(piece.picture))
        default:
            self = .unknown
        }
    }

    func packed(_ arena: inout Arena) -> UnsafeMutablePointer<Voken__V1__TurnPiece>? {
        unsafe arena.message(voken__v1__turn_piece__init) { piece, arena in
            switch self {
            case .text(let text):
                unsafe piece.piece_case = VOKEN__V1__TURN_PIECE__PIECE_TEXT
                unsafe piece.text = arena.string(text)
            case .picture(let number):
                unsafe piece.piece_case = VOKEN__V1__TURN_PIECE__PIECE_PICTURE
                unsafe piece.picture = UInt32(clamping: number)
            case .unknown:
                break
            }
        }
    }
}
