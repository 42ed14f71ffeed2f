"""What the inexact shortcuts save, and how far their pictures are from the exact ones.

    swift build -c release && python3 Tests/Benchmarks/shortcuts/measure.py [folder]

Starts a daemon on the pocket model and draws each of some captions under each of some seeds in every
way, one after the other, again and again. Of a way it prints the median, over the pictures, of: the time
in the UNet as a share of the exact picture's, the peak signal-to-noise ratio against it, and the relative
error. The pictures are left in the folder, side by side. Needs numpy and Pillow.
"""

import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

import numpy
from PIL import Image

ROOT = pathlib.Path(__file__).resolve().parents[3]
PROGRAMS = ROOT / ".build/release"
PROMPTS = [
    "Mia the rabbit found a red ball in the forest.", "Tom the fox sleeps under a tree.",
    "Ben the bear is at the beach with a blue kite.",
]
SEEDS = [1, 2]
STEPS, ROUNDS = 25, 3
WAYS = [
    [], ["--guidance-interval", "0.28:5.42"], ["--guidance-interval", "0.5:3"],
    ["--deep-cache", "2"], ["--deep-cache", "3"], ["--deep-cache", "5"],
    ["--token-merging", "0.25"], ["--token-merging", "0.5"], ["--token-merging", "0.75"],
    ["--guidance-interval", "0.28:5.42", "--deep-cache", "3", "--token-merging", "0.5"],
]


def voken(socket, *arguments):
    result = subprocess.run([PROGRAMS / "voken", *arguments, "--socket", socket], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return result.stdout


def unet_seconds(socket):
    found = re.search(r'stage_seconds_total\{stage="unet"\} (\S+)', voken(socket, "metrics"))
    return float(found[1]) if found else 0.0


def drawn(socket, folder, prompt, seed, way):
    before = unet_seconds(socket)
    voken(
        socket, "generate", prompt, "--scenes", "1", "--steps", str(STEPS), "--seed", str(seed), "--json",
        "--out", str(folder), "--force", *way)
    seconds = unet_seconds(socket) - before
    picture = next(folder.glob("*.png"))
    return numpy.asarray(Image.open(picture).convert("RGB"), dtype=float), seconds


def compared(exact, picture):
    difference = picture - exact
    mean = (difference**2).mean()
    psnr = 10 * numpy.log10(255**2 / mean) if mean else float("inf")
    return psnr, numpy.linalg.norm(difference) / numpy.linalg.norm(exact)


def main():
    out = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp())
    out.mkdir(parents=True, exist_ok=True)
    socket = str(out / "voken.sock")
    environment = dict(os.environ, XDG_STATE_HOME=str(out / "state"))
    daemon = subprocess.Popen(
        [PROGRAMS / "vokend", "--socket", socket, "--pipeline", ROOT / "etc/pipelines/pocket.toml"],
        stderr=subprocess.DEVNULL, env=environment)
    try:
        while not os.path.exists(socket):
            time.sleep(0.1)
        pictures, seconds = {}, {}
        for _ in range(ROUNDS):
            for prompt in range(len(PROMPTS)):
                for seed in SEEDS:
                    for number, way in enumerate(WAYS):
                        key = (number, prompt, seed)
                        pictures[key], time_taken = drawn(socket, out / "story", PROMPTS[prompt], seed, way)
                        seconds.setdefault(key, []).append(time_taken)
    finally:
        daemon.terminate()
        daemon.wait()
    cases = [(p, s) for p in range(len(PROMPTS)) for s in SEEDS]
    for number, way in enumerate(WAYS):
        shares = [
            statistics.median(a / b for a, b in zip(seconds[number, *case], seconds[0, *case])) for case in cases]
        errors = [compared(pictures[0, *case], pictures[number, *case]) for case in cases]
        print(json.dumps({
            "way": " ".join(way) or "exact", "time": round(statistics.median(shares), 3),
            "psnr": round(statistics.median(e[0] for e in errors), 1),
            "worst_psnr": round(min(e[0] for e in errors), 1),
            "relative_error": round(statistics.median(e[1] for e in errors), 3)}))
    rows = [numpy.concatenate([pictures[n, *case] for n in range(len(WAYS))], 1) for case in cases]
    sheet = Image.fromarray(numpy.concatenate(rows, 0).astype("uint8"))
    sheet.resize((sheet.width * 2, sheet.height * 2), Image.NEAREST).save(out / "sheet.png")


main()
