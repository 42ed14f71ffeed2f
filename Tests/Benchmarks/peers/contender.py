"""What every contender does: it gets ready, then works when it is told to.

A contender is a process. It makes its model, calls it once to warm up and prints `ready`. Then, for each
line `repeat N` on its standard input, it calls the model N times and prints the seconds of one call, on
the average; `quit` or the end of input ends it. `voken bench --on-demand` does the same. So starting and
loading count for nobody, and whoever waits takes no CPU.
"""

import sys
import time


def serve(call, warm=True):
    """Answers demands for `call`, a function without arguments, which is called once before."""
    if warm:
        call()
    print("ready", flush=True)
    for line in sys.stdin:
        word, *count = line.split()
        if word == "quit":
            return
        if word != "repeat":
            print(f'"{line.strip()}" is neither repeat nor quit', file=sys.stderr)
            continue
        times = int(count[0]) if count else 1
        start = time.perf_counter()
        for _ in range(times):
            call()
        print((time.perf_counter() - start) / times, flush=True)


THREADS = 2
