"""Words of NumPy's SeedSequence, for Tests/TensorsTests.

    python seed_sequence.py ../Fixtures

Version: numpy 2.4.6.
"""

import json
import sys
from pathlib import Path

from numpy.random import SeedSequence

SEEDS = [0, 1, 2**32 - 1, 2**32, 2**63 - 2]
KEYS = [(), (0,), (0, 0), (5, 3), (2**39 + 1, 40)]
POOLS = [4, 8, 24]
# More than there are in the smallest pool.
COUNT = 6

cases = []
for seed in SEEDS:
    for key in KEYS:
        for size in POOLS:
            words = SeedSequence(seed, spawn_key=key, pool_size=size).generate_state(COUNT)
            cases.append(
                {"entropy": seed, "spawnKey": key, "poolSize": size, "words": words.tolist()})

with open(Path(sys.argv[1]) / "seed-sequence.json", "w") as file:
    lines = ",\n ".join(json.dumps(case) for case in cases)
    file.write("[\n " + lines + "\n]\n")
