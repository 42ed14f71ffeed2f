internal import Glibc

/// Who may connect to a socket by the modes of its file and of the directory that is made for it.
public struct SocketPermissions: Sendable, Equatable {
    /// Of the file: to connect needs the right to write.
    public var mode: UInt32
    /// The group of the file; `nil` for the process' own.
    public var group: UInt32?

    public init(mode: UInt32 = 0o600, group: UInt32? = nil) {
        self.mode = mode
        self.group = group
    }

    /// Whoever may connect must find the file.
    var directoryMode: UInt32 {
        0o700 | (mode & 0o020 != 0 ? 0o050 : 0) | (mode & 0o002 != 0 ? 0o005 : 0)
    }
}
