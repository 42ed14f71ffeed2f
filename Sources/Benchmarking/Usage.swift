import Glibc

/// What this process has used of the machine, and what others have, since the beginning.
struct Usage {
    /// Pages that had to be given or found, and those of them that had to be read.
    let minorFaults, majorFaults: Int
    /// Seconds of CPU time: this process's, and everybody's, the host's share included.
    let own, all: Double

    static var now: Usage {
        var usage = rusage()
        _ = unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        // cpu user nice system idle iowait irq softirq steal
        let times = (lines(of: "/proc/stat").first ?? "").split(separator: " ").dropFirst()
            .prefix(8).map { Double($0) ?? 0 }
        let busy = times.enumerated().reduce(0) {
            $1.offset == 3 || $1.offset == 4 ? $0 : $0 + $1.element
        }
        return Usage(
            minorFaults: usage.ru_minflt, majorFaults: usage.ru_majflt,
            own: seconds(usage.ru_utime) + seconds(usage.ru_stime),
            all: busy / Double(sysconf(Int32(_SC_CLK_TCK))))
    }

    struct Difference {
        let minorFaults, majorFaults: Int
        /// Of the CPU time that was used meanwhile, the share that was not this process's.
        let others: Double
    }

    static func - (end: Usage, start: Usage) -> Difference {
        let (all, own) = (end.all - start.all, end.own - start.own)
        return Difference(
            minorFaults: end.minorFaults - start.minorFaults,
            majorFaults: end.majorFaults - start.majorFaults,
            // The kernel counts in hundredths of a second: less than a few of them say nothing.
            others: all < 0.2 ? 0 : max(all - own, 0) / all)
    }
}
