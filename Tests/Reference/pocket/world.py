"""PocketVIST: a procedural world of 64x64 pictures whose every fact can be checked.

A `Scene` is plain data, `render` is pure code, and captions and stories are drawn from a small grammar. For every
picture of a story we also know which facts a reader of the earlier texts and pictures can know (`known_scenes`);
the canonical caption of exactly those facts is what the feature mapper is asked to say.

    python world.py sheet.png        writes a sample sheet
"""
import random
import sys
from dataclasses import dataclass, field, replace

import numpy as np
from PIL import Image, ImageDraw, ImageFont

SIZE = 64
SUPER = 4  # supersampling; the box filter afterwards gives soft edges

COLORS = {"red": (222, 45, 48), "yellow": (250, 205, 40), "green": (40, 170, 75),
          "blue": (45, 105, 225), "purple": (150, 70, 200), "white": (245, 245, 248)}
COLOR_NAMES = list(COLORS)
SPECIES = ["cat", "dog", "bear", "rabbit", "frog", "panda", "pig", "fox"]
ITEMS = ["ball", "balloon", "kite", "car", "boat", "gift", "flower", "book", "cup", "hat"]
FLYING = {"balloon", "kite"}
PLACES = ["park", "beach", "snow", "forest", "city", "desert", "mountain", "room"]
AT_PLACE = {"park": "in the park", "beach": "on the beach", "snow": "in the snow", "forest": "in the forest",
            "city": "in the city", "desert": "in the desert", "mountain": "in the mountains", "room": "at home"}
TO_PLACE = {"park": "to the park", "beach": "to the beach", "snow": "to the snow", "forest": "to the forest",
            "city": "to the city", "desert": "to the desert", "mountain": "to the mountains", "room": "home"}
SKIES = ["day", "sunset", "night"]
AT_SKY = {"day": "in the daytime", "sunset": "at sunset", "night": "at night"}
NAMES = [("Mia", "she"), ("Tom", "he"), ("Zoe", "she"), ("Max", "he"), ("Lily", "she"),
         ("Ben", "he"), ("Ann", "she"), ("Sam", "he"), ("Eva", "she"), ("Leo", "he")]
SIDES = {"left": 12, "middle": 32, "right": 52}
SIDE_PHRASE = {"left": "on the left", "middle": "in the middle", "right": "on the right"}


# Pairs that no training picture shows: a Latin square, so that every value is held out equally often.
def held_pair(kind, a, b):
    if kind == "shirt":
        return COLOR_NAMES.index(b) == SPECIES.index(a) % 6
    if kind == "item":
        return COLOR_NAMES.index(b) == (ITEMS.index(a) + 2) % 6
    return PLACES.index(b) == SPECIES.index(a)


@dataclass
class Actor:
    species: str
    shirt: str = None  # None: not known (only in the scenes of `known_scenes`)
    side: str = None


@dataclass
class Item:
    kind: str
    color: str
    side: str = None


@dataclass
class Scene:
    place: str
    sky: str
    actors: list = field(default_factory=list)
    item: Item = None
    jitter: int = 0

    def held_out(self):
        return (any(held_pair("shirt", a.species, a.shirt) or held_pair("place", a.species, self.place) for a in self.actors)
                or (self.item is not None and held_pair("item", self.item.kind, self.item.color)))


# ------------------------------------------------------------------------------------------------ rendering

SKY_COLOR = {"day": (150, 210, 245), "sunset": (248, 170, 110), "night": (28, 34, 84)}
HEAD_COLOR = {"cat": (250, 190, 75), "dog": (225, 185, 140), "bear": (140, 90, 55), "rabbit": (245, 235, 235),
              "frog": (110, 195, 70), "panda": (250, 250, 250), "pig": (250, 170, 185), "fox": (240, 115, 40)}


def mix(a, b, t):
    return tuple(int(x + (y - x) * t) for x, y in zip(a, b))


class Pen:
    """Draws in picture units on the supersampled canvas."""

    def __init__(self, image):
        self.draw = ImageDraw.Draw(image)

    def ellipse(self, x, y, rx, ry, c, o=None, w=0):
        self.draw.ellipse([(x - rx) * SUPER, (y - ry) * SUPER, (x + rx) * SUPER, (y + ry) * SUPER], fill=c, outline=o, width=int(w * SUPER))

    def rect(self, x0, y0, x1, y1, c, o=None, w=0):
        self.draw.rectangle([x0 * SUPER, y0 * SUPER, x1 * SUPER, y1 * SUPER], fill=c, outline=o, width=int(w * SUPER))

    def round_rect(self, x0, y0, x1, y1, r, c, o=None, w=0):
        self.draw.rounded_rectangle([x0 * SUPER, y0 * SUPER, x1 * SUPER, y1 * SUPER], radius=r * SUPER, fill=c, outline=o, width=int(w * SUPER))

    def poly(self, points, c, o=None, w=0):
        self.draw.polygon([(x * SUPER, y * SUPER) for x, y in points], fill=c, outline=o, width=max(1, int(w * SUPER)) if o else 1)

    def line(self, points, c, w):
        self.draw.line([(x * SUPER, y * SUPER) for x, y in points], fill=c, width=int(w * SUPER), joint="curve")


def draw_celestial(p, sky, x, y, r):
    if sky == "day":
        p.ellipse(x, y, r, r, (255, 225, 70))
    elif sky == "sunset":
        p.ellipse(x, y + r * .8, r * 1.15, r * 1.15, (255, 95, 50))
    else:
        p.ellipse(x, y, r * .9, r * .9, (250, 245, 205))
        p.ellipse(x + r * .45, y - r * .3, r * .75, r * .75, SKY_COLOR["night"])


def draw_background(p, place, sky):
    s = SKY_COLOR[sky]
    dim = {"day": 1.0, "sunset": .88, "night": .5}[sky]

    def g(c):  # a ground colour in this light
        c = tuple(int(v * dim) for v in c)
        return mix(c, (235, 130, 80), .12) if sky == "sunset" else c

    if place == "room":
        p.rect(0, 0, 64, 64, g((240, 215, 185)))
        p.rect(0, 48, 64, 64, g((165, 110, 70)))
        p.rect(23, 6, 41, 24, s, g((255, 255, 255)), 1.6)
        draw_celestial(p, sky, 32, 15, 4)
        return
    p.rect(0, 0, 64, 64, s)
    draw_celestial(p, sky, 53, 10, 5.5)
    if sky == "night":
        for x, y in ((8, 7), (20, 13), (33, 5), (42, 16), (14, 20)):
            p.ellipse(x, y, .8, .8, (255, 250, 210))
    if place == "park":
        p.rect(0, 42, 64, 64, g((110, 195, 85)))
        p.rect(6, 26, 9, 44, g((130, 85, 50)))
        p.ellipse(7.5, 24, 8, 8, g((60, 150, 60)))
    elif place == "beach":
        p.rect(0, 34, 64, 46, g((40, 135, 200)))
        p.rect(0, 45, 64, 64, g((244, 220, 150)))
    elif place == "snow":
        p.rect(0, 40, 64, 64, g((240, 245, 252)))
        p.ellipse(14, 44, 20, 8, g((240, 245, 252)))
        p.ellipse(50, 45, 20, 9, g((225, 235, 247)))
        for x in (6, 58):
            p.poly([(x - 5, 42), (x, 28), (x + 5, 42)], g((45, 115, 95)))
    elif place == "forest":
        p.rect(0, 44, 64, 64, g((75, 120, 60)))
        for x in (4, 17, 30, 43, 58):
            p.poly([(x - 8, 46), (x, 12 + (x % 3) * 4), (x + 8, 46)], g((25, 95, 55) if x % 2 else (35, 115, 60)))
    elif place == "city":
        p.rect(0, 46, 64, 64, g((130, 130, 138)))
        for x, h, c in ((0, 22, (150, 90, 80)), (13, 32, (110, 120, 150)), (26, 18, (170, 150, 120)), (39, 28, (95, 105, 125)), (52, 20, (160, 100, 90))):
            p.rect(x, 46 - h, x + 12, 46, g(c))
            for wy in range(3, h - 3, 6):
                for wx in (2.5, 7.5):
                    p.rect(x + wx, 46 - h + wy, x + wx + 2.4, 46 - h + wy + 2.6, (255, 230, 130) if sky != "day" else g((215, 235, 245)))
    elif place == "desert":
        p.rect(0, 42, 64, 64, g((228, 180, 105)))
        p.ellipse(20, 45, 26, 7, g((236, 190, 115)))
        c = g((70, 140, 80))
        p.round_rect(54, 26, 58, 46, 2, c)
        p.round_rect(49, 31, 52, 39, 1.5, c)
        p.rect(50, 36, 56, 39, c)
    elif place == "mountain":
        for x, h in ((12, 30), (36, 36), (58, 26)):
            p.poly([(x - 20, 46), (x, 46 - h), (x + 20, 46)], g((125, 115, 125)))
            p.poly([(x - 5.6, 46 - h * .72), (x, 46 - h), (x + 5.6, 46 - h * .72)], g((250, 250, 255)))
        p.rect(0, 45, 64, 64, g((150, 165, 95)))


def draw_actor(p, a, dx, dy):
    x, y = SIDES[a.side] + dx, 35 + dy
    s, c = a.species, HEAD_COLOR[a.species]
    o = mix(c, (40, 20, 20), .55)
    shirt = COLORS[a.shirt]
    for k in (-3.2, 3.2):
        p.round_rect(x + k - 2.2, y + 17, x + k + 2.2, y + 22.5, 1.6, (75, 65, 85))
    p.round_rect(x - 7, y + 7, x + 7, y + 19, 4.5, shirt, mix(shirt, (30, 20, 30), .5), .7)
    for k in (-1, 1):
        p.ellipse(x + k * 8, y + 13, 2.1, 2.1, c, o, .5)
    for k in (-1, 1):  # ears
        if s in ("cat", "fox"):
            p.poly([(x + k * 9, y - 11), (x + k * 2.5, y - 6), (x + k * 8.8, y - 1.5)], c, o, .5)
            p.poly([(x + k * 7.8, y - 8.5), (x + k * 4.5, y - 6), (x + k * 7.6, y - 3.5)], (250, 170, 170) if s == "cat" else (70, 40, 35))
        elif s in ("bear", "panda"):
            p.ellipse(x + k * 6.6, y - 6.5, 3.3, 3.3, c if s == "bear" else (40, 40, 45), o, .5)
        elif s == "rabbit":
            p.ellipse(x + k * 3.8, y - 11.5, 2.5, 7, c, o, .5)
            p.ellipse(x + k * 3.8, y - 11.5, 1.2, 5, (250, 175, 185))
        elif s == "frog":
            p.ellipse(x + k * 5.2, y - 7, 3.4, 3.4, c, o, .5)
        elif s == "pig":
            p.poly([(x + k * 9, y - 8.5), (x + k * 2.5, y - 7.5), (x + k * 7.5, y - 2)], (240, 135, 155), o, .5)
    p.ellipse(x, y, 9.2, 8.3, c, o, .6)
    if s == "dog":
        for k in (-1, 1):
            p.ellipse(x + k * 8.3, y - 1.5, 2.9, 5.8, (135, 85, 55), o, .4)
    ey = y - 1.2
    if s == "panda":
        for k in (-1, 1):
            p.ellipse(x + k * 4, ey, 2.7, 3, (40, 40, 45))
    if s == "frog":
        for k in (-1, 1):
            p.ellipse(x + k * 5.2, y - 7, 2.1, 2.1, (255, 255, 255))
            p.ellipse(x + k * 5.2, y - 7, 1.1, 1.1, (25, 20, 25))
        p.line([(x - 5, y + 2), (x - 2, y + 4), (x + 2, y + 4), (x + 5, y + 2)], (45, 90, 30), .9)
        return
    for k in (-1, 1):
        p.ellipse(x + k * 4, ey, 1.15, 1.15 * 1.15, (255, 255, 255) if s == "panda" else (25, 20, 25))
    if s == "fox":
        p.poly([(x - 8.4, y + 1.2), (x, y + 2.2), (x + 8.4, y + 1.2), (x + 4.5, y + 6.8), (x - 4.5, y + 6.8)], (255, 250, 245))
    if s in ("bear", "dog"):
        p.ellipse(x, y + 3.2, 4.2, 3.3, mix(c, (255, 250, 240), .65))
    if s == "pig":
        p.ellipse(x, y + 2.6, 3.6, 2.6, (240, 130, 150), o, .4)
        for k in (-1, 1):
            p.ellipse(x + k * 1.3, y + 2.6, .7, 1, (150, 60, 80))
    else:
        p.ellipse(x, y + 2, 1.5, 1.1, (235, 120, 140) if s in ("cat", "rabbit") else (35, 25, 30))


def draw_item(p, it, dx, dy):
    x, y = SIDES[it.side] + dx, (18 if it.kind in FLYING else 51) + dy
    c, k = COLORS[it.color], it.kind
    o, light = mix(c, (25, 20, 30), .55), mix(c, (255, 255, 255), .45)
    ribbon = (255, 215, 80) if it.color != "yellow" else (220, 60, 60)
    if k == "ball":
        p.ellipse(x, y, 6.5, 6.5, c, o, .7)
        p.line([(x - 6, y), (x, y - 1.6), (x + 6, y)], o, .9)
        p.line([(x, y - 6), (x - 1.6, y), (x, y + 6)], o, .9)
    elif k == "balloon":
        p.line([(x, y + 8), (x + 1, y + 14), (x - 1, y + 20)], (90, 90, 100), .7)
        p.poly([(x - 1.6, y + 9), (x + 1.6, y + 9), (x, y + 6.5)], o)
        p.ellipse(x, y, 6.6, 7.8, c, o, .7)
        p.ellipse(x - 2.3, y - 2.8, 1.5, 2.1, light)
    elif k == "kite":
        p.line([(x, y + 8), (x - 3, y + 13), (x + 1, y + 20)], (90, 90, 100), .7)
        p.poly([(x, y - 9), (x + 7, y - 1), (x, y + 9), (x - 7, y - 1)], c, o, .7)
        p.line([(x, y - 9), (x, y + 9)], o, .7)
        p.line([(x - 7, y - 1), (x + 7, y - 1)], o, .7)
    elif k == "car":
        p.round_rect(x - 5, y - 5, x + 5, y + 2, 2, light, o, .7)
        p.rect(x - 3.4, y - 3.6, x - .5, y - .3, (190, 225, 240))
        p.rect(x + .5, y - 3.6, x + 3.4, y - .3, (190, 225, 240))
        p.round_rect(x - 8.5, y - .6, x + 8.5, y + 4.4, 2, c, o, .7)
        for q in (-1, 1):
            p.ellipse(x + q * 4.6, y + 4.6, 2.3, 2.3, (40, 40, 45), (150, 150, 150), .5)
    elif k == "boat":
        p.line([(x, y - 9), (x, y + 2)], (110, 75, 50), 1)
        p.poly([(x + .8, y - 8.5), (x + .8, y), (x + 6.5, y)], (250, 250, 250), (120, 120, 130), .4)
        p.poly([(x - 8, y + 1.2), (x + 8, y + 1.2), (x + 5, y + 6.4), (x - 5, y + 6.4)], c, o, .7)
    elif k == "gift":
        p.rect(x - 6, y - 3.5, x + 6, y + 6, c, o, .7)
        p.rect(x - 1.2, y - 3.5, x + 1.2, y + 6, ribbon)
        for q in (-1, 1):
            p.ellipse(x + q * 2.6, y - 5.4, 2.5, 1.8, ribbon, o, .4)
    elif k == "flower":
        p.line([(x, y), (x, y + 7)], (50, 135, 60), 1.4)
        p.ellipse(x + 2.4, y + 4.4, 2.4, 1.2, (60, 155, 70))
        for t in range(5):
            angle = t * 2 * np.pi / 5 - np.pi / 2
            p.ellipse(x + 4 * np.cos(angle), y - 2.5 + 4 * np.sin(angle), 3, 3, c, o, .4)
        p.ellipse(x, y - 2.5, 2.2, 2.2, (250, 200, 60) if it.color != "yellow" else (140, 85, 40))
    elif k == "book":
        p.rect(x - 6, y - 6, x + 6, y + 6, c, o, .7)
        p.rect(x - 6, y - 6, x - 4.2, y + 6, o)
        p.rect(x - 1.8, y - 3.6, x + 4, y - .8, (250, 250, 245))
        p.rect(x - 5.6, y + 4.2, x + 6.4, y + 6, (245, 240, 225), o, .3)
    elif k == "cup":
        p.ellipse(x + 5.4, y, 3, 3.2, None, o, 1.3)
        p.poly([(x - 5.2, y - 5), (x + 5.2, y - 5), (x + 4, y + 6), (x - 4, y + 6)], c, o, .7)
        p.ellipse(x, y - 5, 5.2, 1.5, mix(c, (20, 10, 10), .45))
    elif k == "hat":
        p.ellipse(x, y + 4.4, 9, 2.3, c, o, .6)
        p.round_rect(x - 5.2, y - 5, x + 5.2, y + 4.4, 2, c, o, .6)
        p.rect(x - 5, y + 1.2, x + 5, y + 3.2, mix(c, (20, 15, 25), .6))


def render(scene, size=SIZE):
    """The picture of a scene as uint8 [size, size, 3]."""
    image = Image.new("RGB", (SIZE * SUPER, SIZE * SUPER))
    p = Pen(image)
    draw_background(p, scene.place, scene.sky)
    r = random.Random(scene.jitter)

    def shift():
        return (r.randint(-2, 2), r.randint(-1, 1)) if scene.jitter else (0, 0)

    for a in scene.actors:
        draw_actor(p, a, *shift())
    if scene.item:
        draw_item(p, scene.item, *shift())
    return np.asarray(image.resize((size, size), Image.BOX))


# ------------------------------------------------------------------------------------------------ captions

def random_scene(r, split="train"):
    """`train` and `test` scenes have no held-out pair, `comp` scenes at least one, `all` takes everything."""
    while True:
        count = r.choice([0, 1, 1, 1, 2, 2])
        sides = list(SIDES)
        r.shuffle(sides)
        kinds = r.sample(SPECIES, count)
        scene = Scene(r.choice(PLACES), r.choice(SKIES), [Actor(s, r.choice(COLOR_NAMES), sides[i]) for i, s in enumerate(kinds)], None, r.randint(1, 1 << 30))
        if count == 0 or r.random() < .65:
            scene.item = Item(r.choice(ITEMS), r.choice(COLOR_NAMES), sides[count])
        if split == "all" or scene.held_out() == (split == "comp"):
            return scene


def caption(scene, r, shirts=True):
    """A free caption: shirts are told (unless asked otherwise), sides mostly not, the day is often left out."""
    actors = [r.choice([f"a {a.species} in a {a.shirt} shirt", f"a {a.species} wearing a {a.shirt} shirt", f"a {a.species} with a {a.shirt} shirt"])
              if shirts else f"a {a.species}" for a in scene.actors]
    where = AT_PLACE[scene.place]
    when = r.choice([AT_SKY[scene.sky], AT_SKY[scene.sky], "" if scene.sky == "day" else AT_SKY[scene.sky]])
    item = f"a {scene.item.color} {scene.item.kind}" if scene.item else ""
    if r.random() < .4:
        parts = [f"{t} {SIDE_PHRASE[a.side]}" for t, a in zip(actors, scene.actors)]
        if item:
            parts.append(f"{item} {SIDE_PHRASE[scene.item.side]}")
        body = ", ".join(parts)
    else:
        body = " and ".join(actors)
        if item:
            near = f"{item} {'above' if scene.item.kind in FLYING else 'next to'} {body}"
            body = item if not actors else r.choice([f"{body} with {item}", f"{body} and {item}", near])
    return " ".join(f"{body} {where} {when}".split())


def canonical_caption(scene):
    """The one caption of a set of known facts: place and sky first, then the actors by the alphabet, then the item.
    Unknown facts (None) are left out. It is short enough for 32 positions with start and end marks."""
    parts = [" ".join(x for x in (AT_PLACE.get(scene.place), AT_SKY.get(scene.sky)) if x)]
    for a in sorted(scene.actors, key=lambda a: a.species):
        parts.append(" ".join(x for x in (f"a {a.species}", f"in {a.shirt}" if a.shirt else "", SIDE_PHRASE.get(a.side)) if x))
    if scene.item:
        parts.append(" ".join(x for x in (f"a {scene.item.color} {scene.item.kind}", SIDE_PHRASE.get(scene.item.side)) if x))
    return ", ".join(x for x in parts if x)


def forget(scene, r):
    """Drops facts at random: what a story's reader may not know."""
    known_shirts, known_sides = r.random() < .7, r.random() < .65
    actors = [Actor(a.species, a.shirt if known_shirts and r.random() < .95 else None, a.side if known_sides and r.random() < .95 else None) for a in scene.actors]
    item = scene.item and replace(scene.item, side=scene.item.side if known_sides and r.random() < .8 else None)
    return Scene(scene.place if r.random() < .96 else None, None if scene.sky == "day" and r.random() < .4 else scene.sky, actors, item)


def training_caption(scene, r):
    """What the UNet and its text encoder are trained on: free captions and canonical ones of partial knowledge."""
    x = r.random()
    if x < .35:
        return caption(scene, r)
    if x < .42:
        return caption(scene, r, shirts=False)
    if x < .65:
        return canonical_caption(scene)
    return canonical_caption(forget(scene, r))


def caption_facts(text):
    """Reads a free caption back into the facts it tells (the inverse of `caption`)."""
    words = text.replace(",", " , ").split()
    place = next((p for p in PLACES if AT_PLACE[p] in text), None)
    sky = next((s for s in SKIES if AT_SKY[s] in text), None)
    actors, item, last = [], None, None
    for i, w in enumerate(words):
        if w in SPECIES:
            last = Actor(w)
            actors.append(last)
        elif w in COLOR_NAMES:
            if i + 1 < len(words) and words[i + 1] in ITEMS:
                last = item = Item(words[i + 1], w)
            elif last is not None:
                last.shirt = w
        elif w in SIDES and last is not None:
            last.side = w
    return Scene(place, sky, actors, item)


# ------------------------------------------------------------------------------------------------ stories

@dataclass
class Step:
    text: str
    scene: Scene
    names: dict  # species -> name, of the actors in the picture


RARE_NAMES = ["Bob", "Kim", "Joe", "Ida", "Nina", "Paul", "Rosa", "Otto", "Emma", "Finn", "Luna", "Jack", "Ella", "Noah", "Ruby", "Hugo", "Anna", "Lisa", "Peter", "Alice"]


def story(r, split="train", opening=None, rare_names=False):
    """Five steps of sentence and scene. Names bind to species by text only; the shirt and everybody's side are never
    told, the sky only sometimes: they must be taken from the earlier pictures. `opening` forces the plot that tells
    name, species, item and place in its first sentence, as a user's prompt does."""
    while True:
        (n1, p1), (n2, _) = r.sample(NAMES, 2)
        if rare_names and r.random() < .15:
            n1, p1 = r.choice(RARE_NAMES), r.choice(["she", "he"])
        s1, s2 = r.sample(SPECIES, 2)
        c1, c2 = r.choice(COLOR_NAMES), r.choice(COLOR_NAMES)
        k, kc = r.choice(ITEMS), r.choice(COLOR_NAMES)
        p = r.sample(PLACES[:-1], 2)
        sky = r.choice(SKIES)
        sides = list(SIDES)
        r.shuffle(sides)
        a, b, i = Actor(s1, c1, sides[0]), Actor(s2, c2, sides[1]), Item(k, kc, sides[2])
        plot = r.choice(["find", "friend", "gift", "lost", "wish", "trip"] + ["open"] * 6)
        if opening is not None:
            plot = "open" if opening else r.choice(["find", "friend", "gift", "lost", "wish", "trip"])

        def scene(place, sky, actors, item=None):
            return Scene(place, sky, list(actors), item, r.randint(1, 1 << 30))

        at, to, sh, it, an = AT_PLACE, TO_PLACE, p1, f"the {k}", f"a {kc} {k}"
        Sh = sh.capitalize()
        x, y = r.choice([(n1, n2), (n2, n1)])  # who leaves (x) and who stays (y): only the names tell
        who = {n1: a, n2: b}
        if plot == "open":
            steps = open_plot(r, scene, n1, s1, n2, s2, a, b, i, p, sky, sh, it, an, x, y, who)
        elif plot == "find":
            seen = f"{Sh} saw {an} on the ground." if k not in FLYING else f"{Sh} saw {an} in the air."
            steps = [(r.choice([f"{n1} the {s1} went {to[p[0]]}.", f"One day {n1} the {s1} walked {to[p[0]]}."]), scene(p[0], sky, [a])),
                     (r.choice([f"There {sh} found {an}.", seen]), scene(p[0], sky, [a], i)),
                     (r.choice([f"{n2} the {s2} came to play.", f"Then {n2} the {s2} came along."]), scene(p[0], sky, [a, b], i)),
                     (r.choice([f"They took {it} {to[p[1]]}.", f"Together they went {to[p[1]]} with {it}."]), scene(p[1], sky, [a, b], i)),
                     (r.choice([f"At night {x} went home with {it}.", f"When it was dark {x} brought {it} home."]), scene("room", "night", [who[x]], i))]
        elif plot == "friend":
            steps = [(r.choice([f"{n1} the {s1} was alone {at[p[0]]}.", f"{n1} the {s1} was sad {at[p[0]]}."]), scene(p[0], sky, [a])),
                     (r.choice([f"{n2} the {s2} came to say hello.", f"Then {sh} met {n2} the {s2}."]), scene(p[0], sky, [a, b])),
                     (r.choice([f"{n2} had {an}.", f"{n2} showed {an}."]), scene(p[0], sky, [a, b], i)),
                     (r.choice([f"{x} had to go and left {it}.", f"{x} gave {it} to {y} and went away."]), scene(p[0], sky, [who[y]], i)),
                     (r.choice([f"At sunset {y} took {it} {to[p[1]]}.", f"{y} carried {it} {to[p[1]]} at sunset."]), scene(p[1], "sunset", [who[y]], i))]
        elif plot == "gift":  # the friend and the place are told in step 1 and first seen in steps 3 and 4
            steps = [(r.choice([f"{n1} the {s1} wanted to meet {n2} the {s2} {at[p[1]]}.", f"{n2} the {s2} invited {n1} the {s1} {to[p[1]]}."]), scene("room", sky, [a])),
                     (r.choice([f"First {sh} bought {an} {at['city']}.", f"{Sh} got {an} {at['city']}."]), scene("city", sky, [a], i)),
                     (r.choice([f"Then {sh} walked there with {it}.", f"{Sh} carried {it} to the place."]), scene(p[1], sky, [a], i)),
                     (r.choice([f"{n2} was waiting.", f"There was {n2}!"]), scene(p[1], sky, [a, b], i)),
                     (r.choice([f"{x} went away and {y} kept {it}.", f"Now {it} belongs to {y}, and {x} left."]), scene(p[1], sky, [who[y]], i))]
        elif plot == "lost":
            steps = [(r.choice([f"{n1} the {s1} loved {an}.", f"{n1} the {s1} had {an}."]), scene(p[0], sky, [a], i)),
                     (r.choice([f"One night {it} was gone.", f"At night {sh} lost {it}."]), scene(p[0], "night", [a])),
                     (r.choice([f"{Sh} looked for it {at[p[1]]}.", f"{Sh} went {to[p[1]]} to look for it."]), scene(p[1], "day", [a])),
                     (r.choice([f"{n2} the {s2} was there.", f"There {sh} met {n2} the {s2}."]), scene(p[1], "day", [a, b])),
                     (r.choice([f"{x} found it and went home.", f"It was {x} who found it and took it home."]), scene("room", "day", [who[x]], i))]
        elif plot == "wish":  # the item is told in step 1 and first seen in step 5
            steps = [(r.choice([f"{n1} the {s1} wished for {an}.", f"{n1} the {s1} wanted {an}."]), scene("room", sky, [a])),
                     (r.choice([f"{Sh} looked for it {at[p[0]]}.", f"{Sh} went {to[p[0]]} but did not find it."]), scene(p[0], sky, [a])),
                     (r.choice([f"{n2} the {s2} came along.", f"{Sh} told {n2} the {s2} about it."]), scene(p[0], sky, [a, b])),
                     (r.choice([f"They went on {to[p[1]]}.", f"Together they walked {to[p[1]]}."]), scene(p[1], sky, [a, b])),
                     (r.choice([f"There {x} found what {n1} had wished for.", f"At last {x} got what {n1} wanted."]), scene(p[1], sky, [who[x]], i))]
        else:
            steps = [(r.choice([f"{n1} the {s1} and {n2} the {s2} met at home.", f"{n2} the {s2} visited {n1} the {s1} at home."]), scene("room", sky, [a, b])),
                     (r.choice([f"They planned a trip {to[p[0]]} and took {an}.", f"They put {an} in a bag to go {to[p[0]]}."]), scene("room", sky, [a, b], i)),
                     (r.choice(["Then they were there.", "The trip was long."]), scene(p[0], sky, [a, b])),
                     (r.choice([f"{x} got tired and {y} played with {it}.", f"{x} went to sleep, so {y} had {it}."]), scene(p[0], sky, [who[y]], i)),
                     (r.choice([f"At night {y} walked {to[p[1]]}.", f"{y} went {to[p[1]]} at night."]), scene(p[1], "night", [who[y]]))]
        held = any(s.held_out() for _, s in steps)
        if held == (split == "comp"):
            return [Step(t, s, {q.species: n for n, q in who.items() if q in s.actors}) for t, s in steps]


def open_plot(r, scene, n1, s1, n2, s2, a, b, i, p, sky, sh, it, an, x, y, who):
    """A first sentence like a user's: name, species, item, place, sometimes the sky. Then the world's usual events."""
    at, to, Sh = AT_PLACE, TO_PLACE, sh.capitalize()
    place = p[0] if r.random() < .9 else "room"
    told = r.random() < .45
    first = sky if told else "day"  # an open prompt that names no sky means the day
    when = f" {AT_SKY[first]}" if told else ""
    verb = r.choice(["found", "found", "saw", "had", "got", "bought", "lost" if r.random() < .2 else "took", "played with", "showed", "looked for" if r.random() < .2 else "kept"])
    name = f"{n1} the {s1}"
    sentence = r.choice([f"{name} {verb} {an} {at[place]}{when}.", f"{name} {verb} {an} {at[place]}{when}.", f"One day {name} {verb} {an} {at[place]}{when}.",
                         f"{name} went {to[place]} with {an}{when}.", f"{name} was {at[place]}{when} with {an}.", f"{name} was {at[place]}{when}."])
    if told and r.random() < .25 and first != "day":
        head = {"sunset": "At sunset", "night": r.choice(["At night", "One night"])}[first]
        sentence = f"{head} {name} {verb} {an} {at[place]}."
    has_item = an in sentence and verb not in ("lost", "looked for") or "with a" in sentence
    item = i if has_item else None
    steps = [(sentence, scene(place, first, [a], item))]
    if not has_item:
        if verb in ("lost", "looked for") and an in sentence:
            steps.append((r.choice([f"There {sh} found it.", f"{Sh} looked for it and found it."]), scene(place, first, [a], i)))
        else:
            seen = f"{Sh} saw {an} {'in the air' if i.kind in FLYING else 'on the ground'}."
            steps.append((r.choice([f"There {sh} found {an}.", seen]), scene(place, first, [a], i)))
    elif r.random() < .35:
        steps.append((r.choice([f"{Sh} took {it} {to[p[1]]}.", f"Then {sh} went {to[p[1]]} with {it}.", f"{Sh} carried {it} {to[p[1]]}."]), scene(p[1], first, [a], i)))
        place, p = p[1], [p[1], p[0]]
    met = r.choice([f"{n2} the {s2} came to play.", f"Then {n2} the {s2} came along.", f"There {sh} met {n2} the {s2}.", f"Then {sh} met {n2} the {s2}."])
    steps.append((met, scene(place, first, [a, b], i)))
    away = r.choice([q for q in p if q != place])
    later = r.random()
    if later < .6:
        steps.append((r.choice([f"They took {it} {to[away]}.", f"Together they went {to[away]} with {it}."]), scene(away, first, [a, b], i)))
        place = away
    ends = [(r.choice([f"At night {x} went home with {it}.", f"When it was dark {x} brought {it} home."]), scene("room", "night", [who[x]], i)),
            (r.choice([f"{x} had to go and left {it}.", f"{x} gave {it} to {y} and went away."]), scene(place, first, [who[y]], i)),
            (r.choice([f"{x} got tired and {y} played with {it}.", f"{x} went to sleep, so {y} had {it}."]), scene(place, first, [who[y]], i))]
    if len(steps) < 5:
        steps.append(ends[r.randrange(3)])
    if len(steps) < 5:
        z = next(n for n, q in who.items() if q is steps[-1][1].actors[0])
        from_home = steps[-1][1].place == "room"
        goal = r.choice([q for q in PLACES[:-1] if q != steps[-1][1].place])
        if from_home:
            steps.append((r.choice([f"In the daytime {z} carried {it} {to[goal]}.", f"{z} took {it} {to[goal]} in the daytime."]), scene(goal, "day", [who[z]], i)))
        else:
            steps.append((r.choice([f"At sunset {z} took {it} {to[goal]}.", f"{z} carried {it} {to[goal]} at sunset."]), scene(goal, "sunset", [who[z]], i)))
    return steps[:5]


def restate(steps, r, probability):
    """Says "Tom the cat" for later mentions of Tom: teaches the look-up of the species by the plain text loss."""
    import re
    bound = dict(re.findall(rf"(\w+) the ({'|'.join(SPECIES)})", " ".join(s.text for s in steps)))
    if not bound:
        return steps
    pattern = re.compile(rf"\b({'|'.join(bound)})\b(?! the (?:{'|'.join(SPECIES)}))")
    out = []
    for s in steps:
        out.append(replace(s, text=pattern.sub(lambda m: f"{m[1]} the {bound[m[1]]}" if r.random() < probability else m[1], s.text)))
    return out


def known_scenes(steps, texts=True, pictures=True):
    """Per step, what its picture shows as far as the texts up to it and the earlier pictures tell (else None)."""
    out, shirts, sides, item_side, places, sky, seen_place = [], {}, {}, None, set(), None, None
    for n, s in enumerate(steps):
        t, sc = s.text, s.scene
        said_sky = next((q for q in SKIES if AT_SKY[q] in t or {"day": "n the daytime", "sunset": "t sunset", "night": "night"}[q] in t or (q == "night" and "dark" in t)), None)
        said_place = sc.place if _place_in(t, sc.place) else None
        if n == 0 and sc.place == "room" and not said_place:
            said_place = "room"  # wishes and plans are always made at home: a rule of the plots
        place = said_place or (sc.place if texts and sc.place in places else None) or (sc.place if pictures and seen_place == sc.place else None)
        now_sky = said_sky or (sc.sky if sky == sc.sky and (pictures or texts) else None)
        actors = [Actor(a.species, shirts.get(a.species), sides.get(a.species)) for a in sc.actors]
        item = sc.item and Item(sc.item.kind, sc.item.color, item_side)
        out.append(Scene(place, now_sky, actors, item))
        if texts:
            places |= {q for q in PLACES if _place_in(t, q)}
        if pictures:
            for a in sc.actors:
                shirts[a.species], sides[a.species] = a.shirt, a.side
            item_side = sc.item.side if sc.item else item_side
            seen_place, sky = sc.place, sc.sky
        elif texts and said_sky:
            sky = sc.sky
    return out


def _place_in(text, place):
    return ("home" if place == "room" else AT_PLACE[place].split()[-1]) in text


# ------------------------------------------------------------------------------------------------ sheets

def sheet(rows, path, scale=2):
    """Rows of (uint8 picture, text) as one PNG for the eye."""
    font = ImageFont.load_default(10)
    w = SIZE * scale
    h = w + 36
    image = Image.new("RGB", (max(map(len, rows)) * (w + 4), len(rows) * h), "white")
    draw = ImageDraw.Draw(image)
    for j, row in enumerate(rows):
        for i, (picture, text) in enumerate(row):
            image.paste(Image.fromarray(picture).resize((w, w), Image.NEAREST), (i * (w + 4), j * h))
            lines = [""]
            for word in text.split():
                if draw.textlength(f"{lines[-1]} {word}", font=font) > w:
                    lines.append("")
                lines[-1] = f"{lines[-1]} {word}".strip()
            for n, line in enumerate(lines[:3]):
                draw.text((i * (w + 4), j * h + w + 1 + n * 11), line, fill="black", font=font)
    image.save(path)


if __name__ == "__main__":
    rng = random.Random(0)
    table = []
    for _ in range(8):
        st = story(rng)
        table.append([(render(s.scene), f"{s.text} [{canonical_caption(known)}]") for s, known in zip(st, known_scenes(st))])
    sheet(table, sys.argv[1], scale=3)
    for _ in range(6):
        sc = random_scene(rng)
        text = caption(sc, rng)
        print(text, "|", canonical_caption(caption_facts(text)), "|", canonical_caption(sc))
