import Foundation
import PackagePlugin

/// Stamps the module `Stages` with the fingerprint of all of Kit's sources.
///
/// Plugins and the daemon must have been compiled against the same Kit: its layouts are fixed at
/// compile time and release builds inline its bodies. The stamp is made by the build itself, so
/// it is never stale, is not committed, and is right for a third party that builds Kit from a
/// checkout. See etc/doc/decisions/0001-kit-is-one-shared-library.md.
@main
struct KitFingerprint: BuildToolPlugin {
    func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
        let package = context.package.directoryURL
        let script = package.appending(path: "KitFingerprint/kit-fingerprint")
        let output = context.pluginWorkDirectoryURL.appending(path: "Fingerprint.swift")
        return [
            .buildCommand(
                displayName: "Fingerprinting Kit",
                executable: URL(filePath: "/bin/sh"),
                arguments: [script.path, package.path, output.path],
                inputFiles: sources(of: package) + [script],
                outputFiles: [output])
        ]
    }

    /// Everything that is compiled into Kit, the manifest included.
    private func sources(of package: URL) -> [URL] {
        let kinds: Set = ["swift", "c", "cpp", "h", "modulemap"]
        let files = FileManager.default.enumerator(
            at: package, includingPropertiesForKeys: nil, options: .skipsHiddenFiles)
        return (files?.compactMap { $0 as? URL } ?? [])
            .filter { kinds.contains($0.pathExtension) }
            .sorted { $0.path < $1.path }
    }
}
