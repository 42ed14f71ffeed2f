import Checkpoints
public import PluginHost
import Stages

extension ModelImport {
    /// Told of progress, often; throws to stop.
    public typealias Report = (ImportProgress) throws -> Void

    /// Writes the model: into `DIR.part`, which becomes `DIR` when all of it is there and each
    /// stage was made from it.
    ///
    /// What an earlier run of the same import has written is checked and kept, however that run
    /// ended.
    @discardableResult
    public func run(host: PluginHost, _ report: Report) throws -> Manifest {
        try requireComplete()
        let staging = try Staging(target: order.target, force: order.force)
        try staging.requireRoom(for: byteCount - staging.bytesOnDisk)
        try staging.makeFolders(for: Staging.journalName)
        let journal = try Journal(path: "\(staging.path)/\(Staging.journalName)")
        let hashed = try hashSources(journal, report)
        try journal.begin(planKey(hashed))
        staging.remove(except: Set(stages.flatMap(fileNames)))
        let files = try write(in: staging, journal, report)
        let manifest = Manifest(
            tool: order.tool, type: order.types.description, sources: hashed,
            stages: Dictionary(
                uniqueKeysWithValues: stages.map { stage in
                    (
                        stage.plan.kind,
                        Manifest.Stage(
                            plugin: stage.plan.plugin, settings: stage.plan.settings,
                            tensors: stage.requests.count, unused: stage.report.unused)
                    )
                }),
            files: files.sorted { $0.name < $1.name }, fingerprint: fingerprint)
        try staging.write(
            ownPipeline ?? Array(pipeline.text.utf8), to: PipelineText.fileName)
        try staging.write(Array(manifest.text.utf8), to: Manifest.fileName)
        try ModelFolderCheck(staging.path, manifest).makeStages(host: host) { kind, index in
            try report(
                ImportProgress(
                    phase: .checking, what: kind.rawValue, done: index, total: stages.count))
        }
        try staging.finish()
        return manifest
    }

    private func weightsName(_ stage: AskedStage) -> String {
        "\(stage.plan.folder)/model.safetensors"
    }

    private func fileNames(_ stage: AskedStage) -> [String] {
        var names = stage.plan.files.map(\.path)
        names.append("\(stage.plan.folder)/\(stage.plan.configurationFile)")
        if layouts[stage.plan.kind] != nil { names.append(weightsName(stage)) }
        return names
    }

    // MARK: Sources

    /// The hash of every weight file that something is taken of, in the order of the command.
    private func hashSources(
        _ journal: Journal, _ report: Report
    ) throws -> [Manifest.File] {
        let used = Set(
            stages.flatMap(\.requests).flatMap { request in
                let correction = request.origin.correction
                return [request.origin.file, correction?.down.file, correction?.up.file]
                    .compactMap { $0?.path }
            })
        let files = sources.flatMap(\.parts).flatMap(\.files).map(\.file)
            .filter { used.contains($0.path) }
        let total = files.reduce(0) { $0 + $1.count }
        var done = 0
        return try files.map { file in
            let name = file.path.split(separator: "/").last.map(String.init) ?? file.path
            guard let identity = FileIdentity(path: file.path) else {
                throw ImportError.refused("\(file.path) went away")
            }
            if let known = journal.hash(of: identity) {
                done += file.count
                return Manifest.File(name: name, size: file.count, sha256: known)
            }
            let before = done
            let digest = try file.hash { read in
                try report(
                    ImportProgress(
                        phase: .hashing, what: file.path, done: before + read, total: total))
            }
            done += file.count
            try journal.note(digest, of: identity)
            return Manifest.File(name: name, size: file.count, sha256: digest)
        }
    }

    /// What decides every byte that is written.
    private func planKey(_ sources: [Manifest.File]) -> String {
        var text = "\(order.tool) \(order.types)\n"
        for source in sources { text += "\(source.sha256)\n" }
        for stage in stages {
            text +=
                "\(stage.plan.kind.rawValue) \(SettingValue.table(stage.plan.configuration).json)\n"
            for request in stage.requests {
                text += "\(request.name) \(request.extents) \(request.origin.text)\n"
            }
        }
        return SHA256.hash(Array(text.utf8))
    }

    // MARK: Writing

    private func write(
        in staging: Staging, _ journal: Journal, _ report: Report
    ) throws -> [Manifest.File] {
        var files: [Manifest.File] = []
        let total = byteCount
        var done = 0
        for stage in stages {
            for file in stage.plan.files {
                let digest = try staging.write(file.contents, to: file.path)
                files.append(
                    Manifest.File(name: file.path, size: file.contents.count, sha256: digest))
            }
            let name = "\(stage.plan.folder)/\(stage.plan.configurationFile)"
            let text = Array(SettingValue.table(stage.plan.configuration).indentedJSON.utf8)
            files.append(
                Manifest.File(
                    name: name, size: text.count, sha256: try staging.write(text, to: name)))
            guard let layout = layouts[stage.plan.kind] else { continue }
            let weights = weightsName(stage)
            let digest = try write(
                stage, layout, to: weights, in: staging, journal, remaining: total - done
            ) { written in
                try report(
                    ImportProgress(
                        phase: .writing, what: stage.plan.kind.rawValue, done: done + written,
                        total: total))
            }
            done += layout.byteCount
            files.append(Manifest.File(name: weights, size: layout.byteCount, sha256: digest))
        }
        return files
    }

    /// - Parameter remaining: bytes of this file and of those after it.
    /// - Returns: the file's digest.
    private func write(
        _ stage: AskedStage, _ layout: SafetensorsLayout, to name: String, in staging: Staging,
        _ journal: Journal, remaining: Int, _ report: (Int) throws -> Void
    ) throws -> String {
        try staging.makeFolders(for: name)
        var file = try FileBytes(path: "\(staging.path)/\(name)")
        var next = 0
        let marks = Dictionary(
            journal.marks.filter { $0.file == name }.map { ($0.end, $0.digest) },
            uniquingKeysWith: { _, last in last })
        while next < layout.places.count, let digest = marks[layout.places[next].end],
            file.accept(upTo: layout.places[next].end, digest: digest)
        {
            next += 1
            try report(file.count)
        }
        try file.truncate()
        try staging.requireRoom(for: remaining - file.count)
        if file.count == 0 { try file.append(layout.header) }
        let named = Dictionary(uniqueKeysWithValues: stage.requests.map { ($0.name, $0) })
        let type = order.types[stage.plan.kind]
        for place in layout.places[next...] {
            guard let request = named[place.name] else { continue }
            do {
                try TensorBytes(request, as: type).store { bytes in
                    try file.append(bytes)
                    try report(file.count)
                }
            } catch let error as ImportError where error.code == .noSpace {
                let rest = mebibytes(remaining - file.count)
                throw ImportError(.noSpace, "\(error.message); \(rest) are still to be written")
            }
            precondition(file.count == place.end, "\(place.name) is of another size")
            try journal.note(.init(file: name, end: place.end, digest: file.digest))
        }
        try file.flush()
        return file.digest
    }
}
