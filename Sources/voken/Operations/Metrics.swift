import ArgumentParser
import Stories
import VokenClient

/// `voken metrics`: for Prometheus.
struct Metrics: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print the daemon's counters in the text format of Prometheus.",
        discussion: """
            For the node exporter's textfile collector:

              voken metrics > voken.prom.new && mv voken.prom.new voken.prom
            """)

    @OptionGroup var daemon: DaemonOptions

    func run() throws {
        write(try asking { try daemon.connect().metrics() }, to: 1)
    }
}
