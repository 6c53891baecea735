"""What the recognizer learns from, to be looked at: drawn crops with their texts, beside real ones if asked.

    python -m benchmarks.drawn_sheet ../shared docs/drawn.jpg
    python -m benchmarks.drawn_sheet ../shared runs/both.jpg --photos ../shared/photos/dev

The second finds words on photos, without reading them, and sets their crops to the right: the two halves
should look alike.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from detector import load
from indexer.photo import PhotoError, open_pages
from recognizer import Strip
from recognizer.crop import strip
from recognizer.sheet import beside
from recognizer.synthesis import Sample, Synthesis

ROWS, COLUMNS, WIDE, TALL, HEIGHT = 16, 5, 210, 58, 32


def real(folder: Path, rng: np.random.Generator) -> Iterator[Sample]:
    """One crop of each photo in turn, in random order; nobody has said what is written there."""
    detector, paths = load(), sorted(path for path in folder.iterdir() if path.is_file())
    for number in rng.permutation(len(paths)):
        try:
            pixels = next(open_pages(paths[number])).pixels
        except PhotoError:
            continue
        boxes = detector.detect(pixels)
        for place in rng.permutation(len(boxes))[:2]:
            yield Sample(strip(pixels, boxes[place], HEIGHT), " ")


def grey(one: Strip) -> Image.Image:
    """A strip as a picture, half as big again, cut where it does not fit."""
    picture = Image.fromarray(np.asarray(255 * (1 - one.clip(0, 1)), np.uint8))
    picture = picture.resize((picture.width * 5 // 4, picture.height * 5 // 4), Image.Resampling.BICUBIC)
    return picture.crop((0, 0, min(picture.width, WIDE - 10), picture.height))


def sheet(samples: Sequence[Sample]) -> Image.Image:
    """`samples` in columns, what each says below it."""
    page = Image.new("L", (COLUMNS * WIDE, ROWS * TALL), 255)
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(11)
    for place, sample in enumerate(samples):
        x, y = place % COLUMNS * WIDE + 5, place // COLUMNS * TALL + 3
        page.paste(grey(sample.strip), (x, y))
        draw.text((x, y + 40), sample.text or "(nothing)", 90, font)
    return page


def main() -> None:
    """Draw the sheet."""
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=form)
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--photos", type=Path)
    parser.add_argument("--seed", type=int, default=8)
    asked = parser.parse_args()
    rng, source = np.random.default_rng(asked.seed), Synthesis(asked.data, "train", HEIGHT, scans=False)
    page = sheet([source.draw(rng) for _ in range(ROWS * COLUMNS)])
    if asked.photos:
        page = beside(page, sheet([*islice(real(asked.photos, rng), ROWS * COLUMNS)])).convert("L")
    page.save(asked.out, quality=55, optimize=True)


if __name__ == "__main__":
    main()
