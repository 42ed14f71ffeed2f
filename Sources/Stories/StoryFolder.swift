import Glibc
public import Pipelines

/// A folder that a story is written to: `001.png`, `002.png`, … and `story.html`.
///
/// Every file appears whole or not at all: it is written under a temporary name, synced and
/// renamed. The page is rewritten after each picture, so it always shows what is there.
public final class StoryFolder {
    public let path: String
    private var page: StoryPage
    /// Whether the folder was not there before.
    private let isNew: Bool

    /// - Parameters:
    ///   - path: made if missing, with the folders above it.
    ///   - overwrite: whether a story that is already there may be replaced.
    public init(path: String, prompt: String, overwrite: Bool = false) throws(StoryError) {
        self.path = path
        page = StoryPage(prompt: prompt)
        isNew = !exists(path)
        try makeFolder(path)
        if !overwrite, exists(path + "/story.html") {
            throw StoryError(
                "\(path) already holds a story; choose another folder with --out, "
                    + "or replace it with --force")
        }
    }

    /// `base`, or the first of `base-2`, `base-3`, … that holds no story.
    public static func unusedPath(_ base: String) -> String {
        guard exists(base + "/story.html") else { return base }
        var number = 2
        while exists("\(base)-\(number)/story.html") { number += 1 }
        return "\(base)-\(number)"
    }

    /// Takes note of an event; writes what it completes.
    /// - Returns: the path of a picture, if the event finished one.
    @discardableResult
    public func record(_ event: StoryEvent) throws(StoryError) -> String? {
        page.record(event)
        switch event {
        case .imageFinished(let image):
            let file = path + "/" + StoryPage.fileName(image.index)
            try writeWhole(image.png, to: file)
            try writePage()
            return file
        case .finished, .failed:
            // A request that failed before it told anything leaves no page behind.
            if !page.isEmpty { try writePage() }
            return nil
        default:
            return nil
        }
    }

    /// Leaves no empty folder behind, unless it was there before.
    public func close() {
        if isNew { _ = unsafe rmdir(path) }  // fails where there is anything in it
    }

    public var pagePath: String { path + "/story.html" }

    private func writePage() throws(StoryError) {
        try writeWhole(Array(page.html.utf8), to: pagePath)
    }
}

/// A story that could not be written.
public struct StoryError: Error, Sendable, CustomStringConvertible {
    public let message: String
    public init(_ message: String) { self.message = message }
    public var description: String { message }
}

private func reason() -> String { unsafe String(cString: strerror(errno)) }

private func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

/// Writes a file whole or not at all; folders that are missing are made.
public func writeFile(_ bytes: [UInt8], to path: String) throws(StoryError) {
    if let slash = path.lastIndex(of: "/"), slash != path.startIndex {
        try makeFolder(String(path[..<slash]))
    }
    try writeWhole(bytes, to: path)
}

private func makeFolder(_ path: String) throws(StoryError) {
    var made = path.hasPrefix("/") ? "" : "."
    for part in path.split(separator: "/") where part != "." {
        made += "/" + part
        if unsafe mkdir(made, 0o777) != 0, errno != EEXIST {
            throw StoryError("cannot make the folder \(made): \(reason())")
        }
    }
    var status = stat()
    guard unsafe stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
        throw StoryError("\(path) is not a folder")
    }
}

private func writeWhole(_ bytes: [UInt8], to path: String) throws(StoryError) {
    let temporary = "\(path).\(getpid()).tmp"
    let file = unsafe open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
    guard file >= 0 else { throw StoryError("cannot write \(path): \(reason())") }
    var failure: String?
    unsafe bytes.withUnsafeBytes { buffer in
        var rest = unsafe buffer[...]
        while unsafe !rest.isEmpty {
            let count = unsafe UnsafeRawBufferPointer(rebasing: rest).withMemoryRebound(
                to: UInt8.self
            ) { unsafe write(file, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                failure = reason()
                return
            }
            unsafe rest = rest.dropFirst(count)
        }
    }
    if failure == nil, fsync(file) != 0 { failure = reason() }
    if close(file) != 0, failure == nil { failure = reason() }
    if failure == nil, unsafe rename(temporary, path) != 0 { failure = reason() }
    if let failure {
        _ = unsafe unlink(temporary)
        throw StoryError("cannot write \(path): \(failure)")
    }
}
