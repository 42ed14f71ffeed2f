import Checkpoints
import Glibc
import PluginHost
import Stages

/// Maps a plugin and asks it what it offers, so that a crash or a hang of its code happens here and
/// not in the host that asks.
///
///     voken-probe FILE                 names its stages
///     voken-probe --construct FILE     makes those that need no model folder, with their default
///                                      settings, and runs their checks: for authors
///     voken-probe --stage JSON FILE    makes one as a host asks (`ProbeRequest`) and checks it
///
/// Exit codes: 0 it is fine, 1 it is not (the output says why), 2 usage.
@main
struct Main {
    private enum Task {
        case name
        case construct
        case make(ProbeRequest)
    }

    static func main() {
        boundResources()
        closeInherited()
        let arguments = CommandLine.arguments.dropFirst()
        do {
            switch (arguments.first, arguments.count) {
            case ("--construct", 2): try run(.construct, on: arguments.last)
            case ("--stage", 3):
                let request = try ProbeRequest(json: arguments.dropFirst().first ?? "")
                try run(.make(request), on: arguments.last)
            case (_, 1): try run(.name, on: arguments.last)
            default: usage()
            }
        } catch let error as PluginError {
            write(Probe.mark(error.code))
            // The host knows of which plugin; the copy's name means nothing to its user.
            end(error.cause.map { "\(error.message): \($0)" } ?? error.message, 1)
        } catch {
            end("\(error)", 1)
        }
    }

    private static func run(_ task: Task, on file: String?) throws {
        guard let file, !file.hasPrefix("-") else { return usage() }
        let image = try PluginImage(privateCopy: file)
        switch task {
        case .name:
            for type in image.stages { print(name(type)) }
        case .construct:
            for type in image.stages { try construct(type) }
        case .make(let request):
            // Unbuffered: what was said last is known even of a process that crashes.
            try request.run(on: image) { write(Probe.mark($0)) }
        }
    }

    private static func construct(_ type: any Stage.Type) throws {
        do {
            try StageChecks.run(try type.init(StageContext(model: nil)))
            print("\(name(type)): ok")
        } catch let error as SettingError where error.key == "model" {
            print("\(name(type)): needs a model folder, not checked")
        }
    }

    private static func name(_ type: any Stage.Type) -> String {
        "\(type.descriptor.kind.rawValue) \(type.descriptor.name)"
    }

    /// A plugin that crashes here is an answer, not worth a core file of its weights; and one that
    /// never ends must end even if nobody is left to kill this process.
    private static func boundResources() {
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        unsafe setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
        // Of time, not of computing: a plugin may hang in its sleep.
        alarm(3660)
    }

    /// What else the host has open is nothing for foreign code; and it would stay open if this
    /// process outlives the host.
    private static func closeInherited() {
        for name in Folder.names(in: "/proc/self/fd") ?? [] {
            if let descriptor = Int32(name), descriptor > 2 { close(descriptor) }
        }
    }

    private static func write(_ line: String) {
        let text = line + "\n"
        _ = unsafe text.withCString { unsafe Glibc.write(1, $0, text.utf8.count) }
    }

    private static func end(_ message: String, _ status: Int32) -> Never {
        write(message)
        exit(status)
    }

    private static func usage() {
        end("usage: voken-probe [--construct | --stage JSON] FILE", 2)
    }
}
