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
                case .text(let text): body += paragraph(text)
                case .picture(let image): body += figure(image)
                }
            }
            body += "</section>\n"
        }
        if let note { body += "<footer>\(escaped(note))</footer>\n" }
        return page(title: prompt, body)
    }

    private func figure(_ image: StoryImage) -> String {
        pictureFigure(
            source: Self.fileName(image.index), size: (image.width, image.height),
            number: image.index, recipe: image.recipe)
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
