/// How people say which plugin: by the name of a stage (`ddim`), or by a file's path. After the path
/// of a file that offers several stages of a kind a colon names one: `/opt/libSchedulers.so:euler`.
public struct PluginReference: Sendable, Equatable {
    /// `nil` if only a stage is named.
    public let file: String?
    /// `nil` for a file's only stage of the kind.
    public let stage: String?

    public init(_ text: String) {
        guard text.contains("/") else {
            (file, stage) = (nil, text)
            return
        }
        let ending = ".so:"
        guard let colon = text.lastIndex(of: ":"), text[...colon].hasSuffix(ending),
            !text[colon...].contains("/"), text.index(after: colon) < text.endIndex
        else {
            (file, stage) = (text, nil)
            return
        }
        file = String(text[..<colon])
        stage = String(text[text.index(after: colon)...])
    }

    /// The same stage of another file.
    public func text(inFile file: String) -> String {
        self.file == nil ? file : file + (stage.map { ":" + $0 } ?? "")
    }
}
