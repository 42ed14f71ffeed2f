import FoundationEssentials
import Images
import Pipelines

/// A conversation as one HTML page that needs no other file: its pictures are in it.
public struct ConversationPage: Sendable {
    public enum Piece: Sendable, Equatable {
        case text(String)
        /// A PNG or JPEG file.
        case picture([UInt8])
    }

    private let title: String
    private var body = ""
    private var pictureCount = 0

    public init(title: String) { self.title = title }

    /// Adds what the user said and the model answered.
    public mutating func add(user: [Piece], answer: [Piece]) {
        add("<section class=\"user\">", user)
        add("<section>", answer)
    }

    public var html: String { page(title: title, body) }

    private mutating func add(_ opening: String, _ pieces: [Piece]) {
        guard !pieces.isEmpty else { return }
        body += opening + "\n"
        for piece in pieces {
            switch piece {
            case .text(let text): body += paragraph(text)
            case .picture(let file): body += figure(file)
            }
        }
        body += "</section>\n"
    }

    private mutating func figure(_ file: [UInt8]) -> String {
        pictureCount += 1
        guard let image = try? Image.decode(file) else {
            return paragraph("(picture \(pictureCount) cannot be read)")
        }
        let type = file.starts(with: [0x89, 0x50]) ? "png" : "jpeg"
        let texts = (try? Image.textChunks(png: file)) ?? []
        return pictureFigure(
            source: "data:image/\(type);base64,\(Data(file).base64EncodedString())",
            size: (image.width, image.height), number: pictureCount,
            recipe: texts.map { RecipeEntry(key: $0.key, value: $0.value) })
    }
}
