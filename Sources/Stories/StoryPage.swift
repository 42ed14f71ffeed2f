public import Pipelines

/// A story as one HTML page: texts and pictures in the order they came.
///
/// The pictures are referred to by the file names of a ``StoryFolder``.
public struct StoryPage: Sendable {
    private enum Block {
        case text(String)
        case picture(StoryImage)
    }

    private let prompt: String
    private var scenes: [[Block]] = []
    private var note: String?

    public init(prompt: String) { self.prompt = prompt }

    /// `001.png` for picture 1.
    public static func fileName(_ index: Int) -> String {
        let digits = String(index)
        return String(repeating: "0", count: max(0, 3 - digits.count)) + digits + ".png"
    }

    /// Whether nothing has been told yet.
    public var isEmpty: Bool { scenes.allSatisfy(\.isEmpty) }

    public mutating func record(_ event: StoryEvent) {
        switch event {
        case .sceneBegan:
            scenes.append([])
        case .text(let more):
            if case .text(let text)? = scenes.last?.last {
                scenes[scenes.count - 1][scenes[scenes.count - 1].count - 1] = .text(text + more)
            } else {
                append(.text(more))
            }
        case .imageFinished(let image):
            append(.picture(image))
        case .finished(let summary):
            note = summary.line
        case .failed(let error):
            note = "The story stops here: \(error.message)"
        case .accepted, .started, .imageBegan, .step, .sceneEnded:
            break
        }
    }

    private mutating func append(_ block: Block) {
        if scenes.isEmpty { scenes.append([]) }
        scenes[scenes.count - 1].append(block)
    }

    public var html: String {
        var body = ""
        for scene in scenes {
            body += "<section>\n"
            for block in scene {
                switch block {
                case .text(let text): body += "<p>\(escaped(String(text.trimmed)))</p>\n"
                case .picture(let image): body += figure(image)
                }
            }
            body += "</section>\n"
        }
        if let note { body += "<footer>\(escaped(note))</footer>\n" }
        return """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>\(escaped(prompt))</title>
            <style>
            body { max-width: 40rem; margin: 3rem auto; padding: 0 1rem; color: #222;
                   background: #fdfcf9; font: 1.15rem/1.6 Georgia, serif; }
            section { margin: 0 0 2.5rem; }
            figure { margin: 1rem 0; }
            img { width: 100%; max-width: 24rem; height: auto; border-radius: 8px; display: block; }
            img.small { image-rendering: pixelated; }
            details { font: .8rem/1.5 ui-monospace, monospace; color: #777; margin-top: .4rem; }
            dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 1rem; margin: 0; }
            dd { margin: 0; overflow-wrap: anywhere; }
            footer { color: #777; font-size: .85rem; border-top: 1px solid #ddd; padding-top: 1rem; }
            </style>
            </head>
            <body>
            \(body)</body>
            </html>

            """
    }

    private func figure(_ image: StoryImage) -> String {
        let recipe = image.recipe
            .map { "<dt>\(escaped($0.key))</dt><dd>\(escaped($0.value))</dd>" }.joined()
        // Pictures of the pocket model are magnified: show their pixels rather than a blur.
        let small = image.width < 256 ? " class=\"small\"" : ""
        return """
            <figure><img\(small) src="\(Self.fileName(image.index))" \
            width="\(image.width)" height="\(image.height)" alt="Picture \(image.index)">
            <details><summary>picture \(image.index)</summary><dl>\(recipe)</dl></details></figure>

            """
    }
}

extension StorySummary {
    /// For people: `4 scenes, 1 picture, 2.6 s`.
    var line: String {
        func count(_ number: Int, _ noun: String) -> String {
            "\(number) \(noun)\(number == 1 ? "" : "s")"
        }
        return "\(count(scenes, "scene")), \(count(images, "picture")), "
            + seconds(milliseconds)
    }
}

/// Milliseconds for people: `850 ms`, `12.3 s`.
public func seconds(_ milliseconds: Int) -> String {
    guard milliseconds >= 1000 else { return "\(milliseconds) ms" }
    return "\(milliseconds / 1000).\(milliseconds % 1000 / 100) s"
}

private func escaped(_ text: String) -> String {
    var result = ""
    for character in text.unicodeScalars {
        switch character {
        case "&": result += "&amp;"
        case "<": result += "&lt;"
        case ">": result += "&gt;"
        case "\"": result += "&quot;"
        default: result.unicodeScalars.append(character)
        }
    }
    return result
}

extension String {
    fileprivate var trimmed: Substring {
        var part = self[...]
        while part.first?.isWhitespace == true { part.removeFirst() }
        while part.last?.isWhitespace == true { part.removeLast() }
        return part
    }
}
