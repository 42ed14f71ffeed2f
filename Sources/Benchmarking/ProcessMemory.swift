import Glibc

/// What the kernel says of this process's memory.
enum ProcessMemory {
    /// Bytes that the system could still give; `nil` if it does not say.
    static var available: Int? { field("MemAvailable", of: "/proc/meminfo").map { $0 * 1024 } }

    /// The most bytes of memory that were resident since the last ``resetPeak()``.
    static var peak: Int { (field("VmHWM", of: "/proc/self/status") ?? 0) * 1024 }

    /// Forgets the peak. Where the kernel does not allow it, ``peak`` stays that of the process.
    static func resetPeak() {
        guard let file = unsafe fopen("/proc/self/clear_refs", "w") else { return }
        unsafe fputs("5", file)
        unsafe fclose(file)
    }

    /// The number in a line `name:   number kB`.
    private static func field(_ name: String, of path: String) -> Int? {
        for line in lines(of: path) where line.hasPrefix(name + ":") {
            return line.split { $0 == " " || $0 == "\t" }.dropFirst().first.flatMap { Int($0) }
        }
        return nil
    }
}

/// The lines of one of the kernel's small files; none if it cannot be read.
func lines(of path: String) -> [String] {
    guard let file = unsafe fopen(path, "r") else { return [] }
    defer { unsafe fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
        let count = unsafe buffer.withUnsafeMutableBytes {
            unsafe fread($0.baseAddress, 1, $0.count, file)
        }
        guard count > 0 else { break }
        bytes += buffer[..<count]
    }
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
}
