import Glibc

/// A folder of nothing but a `tokenizer.model`, for as long as this lives.
final class TokenizerFolder {
    let path: String

    init() throws {
        guard let template = unsafe strdup("/tmp/voken-bench-XXXXXX") else {
            throw BenchmarkError("no memory")
        }
        defer { unsafe free(template) }
        guard let made = unsafe mkdtemp(template) else {
            throw BenchmarkError("cannot make a folder in /tmp")
        }
        path = unsafe String(cString: made)
        let bytes = PlainVocabulary.file
        let file = unsafe fopen(path + "/tokenizer.model", "w")
        guard let file = unsafe file else { throw BenchmarkError("cannot write in \(path)") }
        let written = unsafe bytes.withUnsafeBytes {
            unsafe fwrite($0.baseAddress, 1, $0.count, file)
        }
        guard unsafe fclose(file) == 0, written == bytes.count else {
            throw BenchmarkError("cannot write \(path)/tokenizer.model")
        }
    }

    deinit {
        _ = unsafe unlink(path + "/tokenizer.model")
        _ = unsafe rmdir(path)
    }
}
