"""Pictures, and what Pillow makes of them: Fixtures/images/.

    pip install pillow==10.4.0 numpy==1.26.4
    python images.py

Each `NAME.png` or `NAME.jpg` is decoded to `NAME.rgb`, eight-bit R, G, B rows after a header of two
little-endian 32-bit extents. `resize-WxH.rgb` and `crop-*.rgb` are made from `noise.png`.
"""

import pathlib
import struct

import numpy as np
from PIL import Image

FOLDER = pathlib.Path(__file__).parent.parent / "Fixtures" / "images"
WIDTH, HEIGHT = 23, 17


def save_rgb(name, image):
    header = struct.pack("<II", *image.size)
    (FOLDER / f"{name}.rgb").write_bytes(header + image.convert("RGB").tobytes())


def on_white(image):
    image = image.convert("RGBA")
    pixels = np.asarray(image).astype(int)
    colour, alpha = pixels[..., :3], pixels[..., 3:]
    mixed = (colour * alpha + 255 * (255 - alpha) + 127) // 255
    return Image.fromarray(mixed.astype(np.uint8), "RGB")


def smooth():
    """A gradient with an edge: JPEG's errors on it stay small."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    pixels = np.stack([x * 11, y * 15, (x + y) * 6], axis=-1)
    pixels[:, WIDTH // 2:] = 255 - pixels[:, WIDTH // 2:]
    return Image.fromarray(pixels.astype(np.uint8), "RGB")


def pngs(generator):
    noise = Image.fromarray(generator.integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8), "RGB")
    alpha = Image.fromarray(generator.integers(0, 256, (HEIGHT, WIDTH, 4), np.uint8), "RGBA")
    grey = noise.convert("L")
    pictures = {"noise": noise, "alpha": alpha, "grey": grey, "smooth": smooth(),
                "grey-alpha": alpha.convert("LA"), "bilevel": grey.convert("1")}
    for colours in (2, 4, 16, 200):
        pictures[f"palette-{colours}"] = smooth().quantize(colours)
    for name, picture in pictures.items():
        picture.save(FOLDER / f"{name}.png")
        save_rgb(name, on_white(picture))
    transparent = smooth().quantize(8)
    transparent.save(FOLDER / "palette-transparent.png", transparency=3)
    save_rgb("palette-transparent", on_white(Image.open(FOLDER / "palette-transparent.png")))
    noise.save(FOLDER / "rgb-transparent.png", transparency=noise.getpixel((3, 4)))
    save_rgb("rgb-transparent", on_white(Image.open(FOLDER / "rgb-transparent.png")))
    return noise


def raw_pngs(generator):
    """What Pillow cannot write: 16 bits a channel, and Adam7."""
    import zlib

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(
            ">I", zlib.crc32(kind + data))

    def write(name, depth, colour, interlace, rows):
        header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, depth, colour, 0, 0, interlace)
        data = zlib.compress(b"".join(b"\0" + row for row in rows))
        (FOLDER / f"{name}.png").write_bytes(
            b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data)
            + chunk(b"IEND", b""))

    def reduced(deep):  # to nearest
        return ((deep.astype(int) * 255 + 32767) // 65535).astype(np.uint8)

    deep = generator.integers(0, 65536, (HEIGHT, WIDTH, 3)).astype(np.uint16)
    write("rgb-16", 16, 2, 0, [row.astype(">u2").tobytes() for row in deep])
    save_rgb("rgb-16", Image.fromarray(reduced(deep), "RGB"))
    grey = deep[..., 0]
    write("grey-16", 16, 0, 0, [row.astype(">u2").tobytes() for row in grey])
    save_rgb("grey-16", Image.fromarray(reduced(grey), "L"))
    passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2),
              (1, 0, 2, 1)]
    pixels = generator.integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    rows = [row.tobytes() for y, x, dy, dx in passes for row in pixels[y::dy, x::dx]]
    write("interlaced", 8, 2, 1, rows)
    save_rgb("interlaced", Image.fromarray(pixels, "RGB"))


def jpegs():
    picture = smooth()
    variants = {
        "baseline": (picture, {}), "progressive": (picture, {"progressive": True}),
        "full-chroma": (picture, {"subsampling": 0}), "grey-jpeg": (picture.convert("L"), {}),
        "cmyk": (picture.convert("CMYK"), {}),
    }
    for name, (image, options) in variants.items():
        image.save(FOLDER / f"{name}.jpg", quality=90, **options)
        save_rgb(name, Image.open(FOLDER / f"{name}.jpg"))
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        name = f"orientation-{orientation}"
        picture.save(FOLDER / f"{name}.jpg", quality=90, subsampling=0, exif=exif)
        from PIL import ImageOps
        save_rgb(name, ImageOps.exif_transpose(Image.open(FOLDER / f"{name}.jpg")))


def resizes(noise):
    for width, height in [(5, 7), (11, 17), (23, 9), (64, 41), (22, 18), (1, 1), (100, 3)]:
        save_rgb(f"resize-{width}x{height}", noise.resize((width, height), Image.BILINEAR))
    for side in (10, 17, 32):
        # torchvision: Resize(side) then CenterCrop(side), and before them the playground's padding.
        save_rgb(f"crop-{side}", crop(shorter(noise, side), side))
        square = Image.new("RGB", (WIDTH, WIDTH), (255, 255, 255))
        square.paste(noise, (0, (WIDTH - HEIGHT) // 2))
        save_rgb(f"pad-{side}", square.resize((side, side), Image.BILINEAR))
        turned = noise.transpose(Image.ROTATE_90)
        save_rgb(f"crop-portrait-{side}", crop(shorter(turned, side), side))


def shorter(image, side):
    width, height = image.size
    if width <= height:
        return image.resize((side, int(side * height / width)), Image.BILINEAR)
    return image.resize((int(side * width / height), side), Image.BILINEAR)


def crop(image, side):
    left, top = (int(round((extent - side) / 2.0)) for extent in image.size)
    return image.crop((left, top, left + side, top + side))


FOLDER.mkdir(parents=True, exist_ok=True)
rng = np.random.default_rng(7)
noise_image = pngs(rng)
raw_pngs(rng)
jpegs()
resizes(noise_image)
