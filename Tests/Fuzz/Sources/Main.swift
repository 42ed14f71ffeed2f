import CFuzzer
import Glibc

/// `fuzz --list` prints the targets, each with its longest input and its weight; `fuzz --seeds FOLDER`
/// writes valid inputs for the target that `FUZZ_TARGET` names. With anything else libFuzzer runs it.
///
/// The name is in the environment because libFuzzer starts itself anew with its own arguments.
@main
struct Main {
    static func main() throws {
        let arguments = CommandLine.arguments
        switch arguments.dropFirst().first {
        case "--list":
            for target in Target.all { print(target.name, target.longest, target.weight) }
        case "--seeds" where arguments.count == 3:
            for (index, seed) in try chosen.seeds().enumerated() {
                try write(seed, to: "\(arguments[2])/seed-\(index)")
            }
        default:
            var count = CommandLine.argc
            var values: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? =
                unsafe CommandLine.unsafeArgv
            exit(unsafe LLVMFuzzerRunDriver(&count, &values, run))
        }
    }

    private static func write(_ bytes: [UInt8], to path: String) throws {
        let file = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard file >= 0, unsafe Glibc.write(file, bytes, bytes.count) == bytes.count else {
            finding("cannot write \(path)")
        }
        close(file)
    }
}

private let chosen: Target = {
    let name = environment("FUZZ_TARGET")
    guard let target = Target.all.first(where: { $0.name == name }) else {
        print("FUZZ_TARGET is \"\(name)\"; --list lists the targets")
        exit(2)
    }
    return target
}()

private func run(_ data: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    let target = chosen
    let bytes = unsafe [UInt8](UnsafeBufferPointer(start: data, count: count))
    voken_heap_begin()
    do { try target.run(bytes) } catch { finding("\(target.name) threw \(error)") }
    let peak = voken_heap_peak()
    expect(peak <= target.heap.bytes(of: count), "\(count) bytes of input took \(peak) of heap")
    return 0
}
