import Checkpoints
public import Stages

/// A stage that a plugin offers.
public struct Offer: Sendable, Equatable {
    public let kind: StageKind
    /// By which a pipeline asks for it.
    public let name: String
    /// The plugin's file.
    public let file: String

    public init(kind: StageKind, name: String, file: String) {
        self.kind = kind
        self.name = name
        self.file = file
    }
}

extension PluginHost {
    /// What the plugins offer that a search by name would look into, in its order. Files that are
    /// no plugins, or not for this host, are left out.
    ///
    /// A plugin that is not mapped yet is probed in a child process, and then mapped to be asked.
    /// - Parameter directories: searched before the host's own.
    public func offers(searching directories: [String] = []) -> [Offer] {
        found(of: nil, directories).map(\.offer)
    }

    /// The schedulers among ``offers(searching:)``; plugins that can offer none are not mapped.
    public func schedulers(
        searching directories: [String] = []
    ) -> [(offer: Offer, type: any Scheduler.Type)] {
        found(of: .scheduler, directories).compactMap { offer, type in
            (type as? any Scheduler.Type).map { (offer, $0) }
        }
    }

    /// - Parameter kind: `nil` for all.
    private func found(
        of kind: StageKind?, _ directories: [String]
    ) -> [(offer: Offer, type: any Stage.Type)] {
        let checks = LoadChecks(probing: .load, selfTest: false)
        var seen: Set<Offer.Name> = []
        var all: [(offer: Offer, type: any Stage.Type)] = []
        for file in pluginFiles(directories) where refusal(of: file) == nil {
            do {
                let order = kind.map { StageOrder($0, plugin: file, StageContext(model: nil)) }
                let found = try image(ofFile: file, for: order, checks, LoadReport { _ in })
                for type in found.image.stages {
                    let stage = type.descriptor
                    // The first file of a name is the one that a search finds.
                    guard kind == nil || stage.kind == kind,
                        seen.insert(Offer.Name(stage.kind, stage.name)).inserted
                    else { continue }
                    all.append((Offer(kind: stage.kind, name: stage.name, file: found.path), type))
                }
            } catch {
                if error.code == .loadCrashed || error.code == .loadHung { note(error, of: file) }
            }
        }
        return all
    }
}

extension PluginHost {
    /// Checks a plugin's file without running anything of it.
    /// - Throws: ``PluginError/Code/otherKind`` if it cannot offer a stage of a kind, or why it
    ///   would be refused.
    public func check(file path: String, offers kind: StageKind) throws(PluginError) {
        let file = try allowedFile(path)
        try require(kind, among: file.kinds, of: file.path)
    }
}

extension Offer {
    fileprivate struct Name: Hashable {
        let kind: StageKind
        let name: String

        init(_ kind: StageKind, _ name: String) {
            self.kind = kind
            self.name = name
        }
    }
}
