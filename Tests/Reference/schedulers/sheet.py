"""Draws one prompt with every scheduler at 8, 20 and 50 steps, on one sheet.

pillow 13.0.0. Usage: python sheet.py FOLDER_OF_THE_BUILT_PROGRAMS OUT.png

Every picture is the first of a story of the pocket model, drawn by `voken generate --local` with
the same seed: text and noise are the same, so that only the solvers differ.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

PROMPT = "Mia the rabbit found a blue ball in the park."
SEED = 3
STEPS = [8, 20, 50]
COLUMNS = 4
MARGIN, GAP, LABEL = 8, 2, 15
# With the pocket model's trailing timesteps these need more than 8 steps.
SUITED = {
    "pndm": "pndm+leading", "dpm2_a": "dpm2_a+karras", "dpmpp_3m_sde": "dpmpp_3m_sde+karras",
}


def names(programs):
    """The schedulers that draw pictures from noise."""
    listed = subprocess.run(
        [programs / "voken", "schedulers", "--json"], check=True, capture_output=True)
    found = [entry["name"] for entry in json.loads(listed.stdout)["schedulers"]]
    return [
        SUITED.get(name, name) for name in found
        if name != "echo" and not name.endswith("_inverse")
    ]


def draw(programs, name, steps):
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [programs / "voken", "generate", PROMPT, "--local", "--scenes", "1", "--seed",
             str(SEED), "--steps", str(steps), "--scheduler", name, "--out", folder + "/story"],
            check=True, capture_output=True)
        [picture] = sorted(Path(folder, "story").glob("*.png"))
        return Image.open(picture).convert("RGB").copy()


def sheet(pictures):
    side = next(iter(pictures.values()))[0].width
    cell = ((side + GAP) * len(STEPS), side + LABEL)
    rows = -(-len(pictures) // COLUMNS)
    size = (COLUMNS * (cell[0] + MARGIN) + MARGIN, rows * (cell[1] + MARGIN) + MARGIN)
    canvas = Image.new("RGB", size, "white")
    pen, font = ImageDraw.Draw(canvas), ImageFont.load_default(size=11)
    for index, (name, row) in enumerate(pictures.items()):
        left = MARGIN + index % COLUMNS * (cell[0] + MARGIN)
        top = MARGIN + index // COLUMNS * (cell[1] + MARGIN)
        pen.text((left, top), name, "black", font)
        pen.text((left + cell[0] - GAP, top), " ".join(map(str, STEPS)), "gray", font, anchor="ra")
        for place, picture in enumerate(row):
            canvas.paste(picture, (left + place * (side + GAP), top + LABEL))
    return canvas


programs, out = Path(sys.argv[1]), sys.argv[2]
drawn = {name: [draw(programs, name, steps) for steps in STEPS] for name in names(programs)}
# A palette of 256 colours is a third of the size, and no eye sees it at this scale.
sheet(drawn).quantize(256, dither=Image.Dither.NONE).save(out, optimize=True)
print(f"{len(drawn)} schedulers, {Path(out).stat().st_size} bytes")
