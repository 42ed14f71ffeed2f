public import Foundation

/// The file of that name in `Tests/Fixtures`; the script that made it is in `Tests/Reference`.
public func fixture(_ name: String) -> URL {
    URL(filePath: #filePath)
        .deletingLastPathComponent()
        .deletingLastPathComponent()
        .appending(components: "Fixtures", name)
}
