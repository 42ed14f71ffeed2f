import Glibc

/// What is in a folder.
public enum Folder {
    /// The names in a folder, sorted, without `.` and `..`; `nil`, with `errno`, if it cannot be
    /// read.
    public static func names(in path: String) -> [String]? {
        guard let stream = unsafe opendir(path) else { return nil }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            // In place: an entry is shorter than the structure that a copy would read.
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name.0) { name in
                unsafe String(cString: name)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }
}
