internal import Wire

/// What the daemon counts, in the text format of Prometheus
/// (https://prometheus.io/docs/instrumenting/exposition_formats/, version 0.0.4).
struct Metrics {
    private(set) var text = ""

    init(_ status: StatusReply, _ stats: StatsReply) {
        addDaemon(status, stats)
        addJobs(status, stats)
        addStages(status, stats)
        addCalls(stats)
    }

    private mutating func addDaemon(_ status: StatusReply, _ stats: StatsReply) {
        gauge("info", "What runs; always 1.") {
            [
                (
                    [
                        ("version", status.version), ("pipeline", status.pipeline),
                        ("pid", "\(status.pid)"),
                    ], 1
                )
            ]
        }
        gauge("uptime_seconds", "Since the start.", Double(status.uptimeMilliseconds) / 1000)
        gauge("generation", "That serves.", Double(status.generation))
        gauge("generations", "In memory.", Double(status.generations.count))
        gauge("resident_bytes", "Physical memory.", Double(status.residentBytes))
        gauge("ledger_bytes", "Weights, caches and tensors.", Double(status.ledgerBytes))
        gauge("plugin_images", "Images of code that are mapped.", Double(status.images))
        gauge("open_descriptors", "Of the process.", Double(stats.openDescriptors))
        gauge("connections", "Open.", Double(status.connections))
        counter("connections_total", "Taken.") { [([], Double(stats.connections))] }
        counter("connections_cut_off_total", "Closed by the daemon, by reason.") {
            stats.cutOff.map { ([("reason", $0.reason)], Double($0.count)) }
        }
        gauge("sessions", "Kept.", Double(stats.sessions))
        gauge("session_bytes", "Of their caches and pictures.", Double(stats.sessionBytes))
        let prompts = stats.promptCache
        gauge("prompt_cache_bytes", "Of beginnings of prompts.", Double(prompts.bytes))
        counter("prompt_positions_total", "Of all prompts.") { [([], Double(prompts.positions))] }
        counter("prompt_positions_reused_total", "That another request had brought.") {
            [([], Double(prompts.reused))]
        }
    }

    private mutating func addJobs(_ status: StatusReply, _ stats: StatsReply) {
        gauge("jobs", "Waiting and running.") {
            [
                ([("state", "queued")], Double(status.queued)),
                ([("state", "running")], Double(status.running)),
            ]
        }
        counter("jobs_total", "That have ended, by how.") {
            [
                ([("outcome", "finished")], Double(status.finished)),
                ([("outcome", "failed")], Double(status.failed)),
                ([("outcome", "cancelled")], Double(status.cancelled)),
            ]
        }
        counter("jobs_refused_total", "By reason.") {
            stats.refused.map { ([("reason", $0.reason)], Double($0.count)) }
        }
        gauge("jobs_kept", "That have ended and can be watched.", Double(stats.keptJobs))
        gauge("jobs_kept_bytes", "Of their events.", Double(stats.keptBytes))
        histogram("job_wait_seconds", "From submission to start.", stats.waited)
        histogram("job_run_seconds", "From start to end.", stats.ran)
    }

    private mutating func addStages(_ status: StatusReply, _ stats: StatsReply) {
        counter("stage_calls_total", "Calls of a stage.") {
            stats.stages.map { ([("stage", $0.kind)], Double($0.calls)) }
        }
        counter("stage_items_total", "Of all calls: a call may serve several jobs.") {
            stats.stages.map { ([("stage", $0.kind)], Double($0.items)) }
        }
        counter("stage_seconds_total", "Spent in a stage.") {
            stats.stages.map { ([("stage", $0.kind)], Double($0.microseconds) / 1e6) }
        }
        gauge("stage_bytes", "Memory of the stages that serve.") {
            status.stages.flatMap { stage in
                let memory = stage.memory
                return [
                    ("weights_mapped", memory.weightsMapped),
                    ("weights_private", memory.weightsPrivate), ("caches", memory.caches),
                    ("activations_peak", memory.activationsPeak),
                ].map { ([("stage", stage.kind), ("of", $0.0)], Double($0.1)) }
            }
        }
    }

    private mutating func addCalls(_ stats: StatsReply) {
        counter("calls_total", "Of a method.") {
            stats.methods.map { ([("method", $0.method)], Double($0.calls)) }
        }
        counter("call_errors_total", "That ended with an error.") {
            stats.methods.map { ([("method", $0.method)], Double($0.errors)) }
        }
    }
}

// MARK: - The format

extension Metrics {
    private typealias Sample = (labels: [(String, String)], value: Double)

    private mutating func gauge(_ name: String, _ help: String, _ value: Double) {
        add(name, "gauge", help, [([], value)])
    }

    private mutating func gauge(_ name: String, _ help: String, _ samples: () -> [Sample]) {
        add(name, "gauge", help, samples())
    }

    private mutating func counter(_ name: String, _ help: String, _ samples: () -> [Sample]) {
        add(name, "counter", help, samples())
    }

    private mutating func histogram(_ name: String, _ help: String, _ counts: Histogram) {
        head(name, "histogram", help)
        var sum = 0
        for (index, count) in counts.counts.enumerated() {
            sum += count
            let bounds = counts.boundsMilliseconds
            let bound = index < bounds.count ? number(Double(bounds[index]) / 1000) : "+Inf"
            line(name + "_bucket", [("le", bound)], Double(sum))
        }
        line(name + "_sum", [], Double(counts.sumMilliseconds) / 1000)
        line(name + "_count", [], Double(sum))
    }

    private mutating func add(
        _ name: String, _ type: String, _ help: String, _ samples: [Sample]
    ) {
        head(name, type, help)
        for sample in samples { line(name, sample.labels, sample.value) }
    }

    private mutating func head(_ name: String, _ type: String, _ help: String) {
        text += "# HELP voken_\(name) \(help)\n# TYPE voken_\(name) \(type)\n"
    }

    private mutating func line(_ name: String, _ labels: [(String, String)], _ value: Double) {
        let list = labels.map { "\($0)=\"\(escaped($1))\"" }.joined(separator: ",")
        text += "voken_\(name)\(list.isEmpty ? "" : "{\(list)}") \(number(value))\n"
    }

    private func number(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e15 ? String(Int(value)) : "\(value)"
    }

    private func escaped(_ value: String) -> String {
        value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
            .replacing("\n", with: "\\n")
    }
}
