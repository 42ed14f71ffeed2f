import Checkpoints
import Glibc
import PluginHost
import Stages

/// `voken-probe [--construct] FILE`: maps a plugin and asks it what it offers, so that a crash or a
/// hang of its code happens here and not in the host that asks. With `--construct` it also makes
/// the stages that need no model folder, with their default settings, and runs their checks.
///
/// Exit codes: 0 it is fine, 1 it is not (the output says why), 2 usage.
@main
struct Main {
    static func main() {
        var arguments = Array(CommandLine.arguments.dropFirst())
        let constructs = arguments.first == "--construct"
        if constructs { arguments.removeFirst() }
        guard arguments.count == 1, !arguments[0].hasPrefix("-") else {
            print("usage: voken-probe [--construct] FILE")
            exit(2)
        }
        do {
            try probe(arguments[0], constructs: constructs)
        } catch {
            print(error)
            exit(1)
        }
    }

    private static func probe(_ file: String, constructs: Bool) throws {
        let image = try PluginImage(privateCopy: file)
        for type in image.stages {
            let name = "\(type.descriptor.kind.rawValue) \(type.descriptor.name)"
            guard constructs else {
                print(name)
                continue
            }
            do {
                try StageChecks.run(try type.init(StageContext(model: nil)))
                print("\(name): ok")
            } catch let error as SettingError where error.key == "model" {
                print("\(name): needs a model folder, not checked")
            }
        }
    }
}
