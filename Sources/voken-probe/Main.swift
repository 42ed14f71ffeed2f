import Glibc
import PluginHost

/// `voken-probe FILE`: maps a plugin and asks it what it offers, so that a crash or a hang of its
/// code happens here and not in the host that asks.
@main
struct Main {
    static func main() {
        let arguments = CommandLine.arguments.dropFirst()
        guard let file = arguments.first, arguments.count == 1 else {
            print("usage: voken-probe FILE")
            exit(2)
        }
        do {
            let image = try PluginImage(privateCopy: file)
            for stage in image.stages {
                print(stage.descriptor.kind.rawValue, stage.descriptor.name)
            }
        } catch {
            print(error)
            exit(1)
        }
    }
}
