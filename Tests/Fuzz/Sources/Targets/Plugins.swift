@testable import PluginHost

extension Target {
    /// What is looked at before any of a plugin's code can run.
    static let elf = Target("elf", longest: 8192, heap: HeapBound(each: 200)) { bytes in
        let image: ELFImage
        do throws(ELFImage.Malformed) { image = try ELFImage(bytes) } catch {
            expect(!error.description.isEmpty, "refused without a reason")
            return
        }
        expect(image.mappedBytes >= 0, "\(image.mappedBytes) bytes mapped")
        let names = image.defined.union(image.undefined)
        expect(names.allSatisfy { $0.utf8.count <= 3 * bytes.count }, "a name beyond the file")
    }
}
