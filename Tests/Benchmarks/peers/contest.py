"""Runs Voken and its peers in turns on the same work, and prints how many times as fast Voken is.

    contest.py --voken .build/release/voken --folder FOLDER [--pairs 5] [ROW...]

FOLDER holds what prepare made. A row is one comparison; without any, all are made. Both sides of a row
are processes that wait, and are told in turns to work (see contender.py): A B A B ..., so that a change
of the machine meets both. Ratios are medians over the pairs of `peer's time / Voken's time`. The machine
is probed before and after each row; where the two differ, the row is marked and should be taken again.
"""

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import time

from rows import ROWS

HERE = os.path.dirname(os.path.abspath(__file__))
# A brief operation is repeated until a demand takes so many seconds.
LEAST = 0.3
# Threads that spin for a while after their work must have stopped.
PAUSE = 0.05
CLOCK, MEMORY = 0.05, 0.15


class Contender:
    """A process that works on demand."""

    def __init__(self, command, environment):
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=os.environ | environment, cwd=HERE)
        self.expect_ready(command)

    def expect_ready(self, command):
        line = self.process.stdout.readline()
        if line.strip() != "ready":
            self.close()
            raise RuntimeError(f"{' '.join(command)} does not get ready: {line.strip()!r}")

    def ask(self, text):
        time.sleep(PAUSE)
        print(text, file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("a contender ended")
        return line

    def seconds(self, times):
        return float(self.ask(f"repeat {times}"))

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def changes(before, after):
    """What differs between two probes."""
    found = []
    for name, tolerance in ("f32_gflops", CLOCK), ("read_gbytes", MEMORY):
        low, high = sorted((before[name], after[name]))
        if high > low * (1 + tolerance):
            found.append(f"{name} {before[name]:.0f} -> {after[name]:.0f}")
    return found


def in_turns(ours, theirs, pairs):
    """Times of both, pair by pair."""
    counts = [max(1, math.ceil(LEAST / c.seconds(1))) for c in (ours, theirs)]
    times = []
    for _ in range(pairs):
        times.append([c.seconds(n) for c, n in zip((ours, theirs), counts)])
    return times


def one_at_a_time(commands, environment, pairs):
    """The same for contenders that do not fit into memory together: each starts for each turn."""
    times = []
    for _ in range(pairs):
        pair = []
        for command in commands:
            with Contender(command, environment) as contender:
                pair.append(contender.seconds(1))
        times.append(pair)
    return times


def contest(row, match, options, environment):
    """Our time, the peer's and the ratio, medians over the pairs; what was odd."""
    ours, theirs = match.ours(options), match.theirs(options)
    probe = [options.voken, "bench", "--kernels", "gemm:64x64x64", "--on-demand"]
    with Contender(probe, environment) as machine:
        before = json.loads(machine.ask("probe"))
        if row.alone:
            times = one_at_a_time((ours, theirs), environment, options.pairs)
        else:
            with Contender(ours, environment) as a, Contender(theirs, environment) as b:
                times = in_turns(a, b, options.pairs)
        after = json.loads(machine.ask("probe"))
    ratios = [theirs / ours * match.scale for ours, theirs in times]
    medians = [statistics.median(side) for side in zip(*times)]
    return *medians, statistics.median(ratios), min(ratios), max(ratios), changes(before, after), before


def show(row, options, environment, log):
    results = []
    for match in row.matches:
        try:
            ours, theirs, ratio, low, high, odd, probe = contest(row, match, options, environment)
        except (RuntimeError, OSError, ValueError) as error:
            print(f"{row.name:<22} {match.name:<28} cannot be measured: {error}", flush=True)
            continue
        results.append(ratio)
        log.append({
            "row": row.name, "match": match.name, "seconds": ours, "peer_seconds": theirs,
            "ratio": ratio, "low": low, "high": high, "changes": odd, "probe": probe})
        mark = "  ? " + "; ".join(odd) if odd else ""
        print(f"{row.name:<22} {match.name:<28} {ours:9.4f} {theirs:9.4f}  {ratio:5.2f}x "
              f"({low:.2f}-{high:.2f}){mark}", flush=True)
    if results:
        ratio = row.together(results)
        verdict = "aim" if ratio >= row.aim else "floor" if ratio >= row.floor else "BELOW"
        print(f"{row.name:<22} {'= ' + row.peer:<28} {'':19}  {ratio:5.2f}x  at least "
              f"{row.floor}x, aim {row.aim}x: {verdict}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--voken", required=True, help="the program, of a release build")
    parser.add_argument("--folder", required=True, help="what prepare made")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--json", help="write all figures")
    parser.add_argument("rows", nargs="*", metavar="ROW", help=", ".join(r.name for r in ROWS))
    options = parser.parse_args()
    options.voken = os.path.abspath(options.voken)
    options.folder = os.path.abspath(options.folder)
    known = {row.name: row for row in ROWS}
    unknown = [name for name in options.rows if name not in known]
    if unknown:
        parser.error(f"no row {', '.join(unknown)}; there are {', '.join(known)}")
    environment = {
        "OMP_NUM_THREADS": "2", "LLAMA_CPP_LIB_PATH": f"{options.folder}/llama.cpp/bin",
        "PYTHONPATH": f"{options.folder}/llama_cpp_python-0.3.36", "TRANSFORMERS_OFFLINE": "1",
        "HF_HUB_OFFLINE": "1",
    }
    log = []
    print(f"{'ROW':<22} {'MATCH':<28} {'VOKEN s':>9} {'PEER s':>9}  SPEED")
    try:
        for name in options.rows or known:
            show(known[name], options, environment, log)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(log, file, indent=1)


main()
