"""The photos of the demo: boards, flipcharts, stickies and notebook pages, drawn and then photographed.

    python -m recognizer.samples FONTS FOLDER

draws them again from the handwriting fonts in FONTS; the seed of each stands in `PAGES`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from recognizer.ink import Fonts
from recognizer.wear import smooth_noise

Picture = NDArray[np.uint8]
Colour = tuple[int, int, int]

WIDTH, HEIGHT = 1440, 1080
MARKERS: tuple[Colour, ...] = ((35, 35, 40), (30, 60, 150), (170, 35, 40), (25, 110, 60))
NOTES: tuple[Colour, ...] = (
    (250, 235, 120),
    (250, 170, 190),
    (160, 220, 240),
    (190, 235, 150),
    (250, 200, 120),
)


@dataclass(frozen=True)
class Page:
    """One photo of the demo: how it is laid out, what is written on it, and the seed that draws it."""

    name: str
    layout: Callable[[Pad, Sequence[str]], None]
    lines: tuple[str, ...]
    seed: int


class Pad:
    """A picture being written on with one handwriting."""

    def __init__(self, ground: Colour, fonts: Fonts, rng: Generator) -> None:
        self.picture = np.full((HEIGHT, WIDTH, 3), ground, np.uint8)
        self.rng = rng
        self._hand = fonts.hand(rng)

    def write(
        self,
        text: str,
        at: tuple[float, float],
        size: float,
        colour: Colour,
        turn: float = 0.0,
        room: float = 1e9,
    ) -> float:
        """Write `text` from the baseline point `at`, letters about `size` high but no wider than `room`.

        Returns its width in pixels.
        """
        ink = self._hand.write(text, self.rng)
        if ink is None:
            raise ValueError(f"the font of this page cannot write {text!r}")
        angle = np.deg2rad(turn + self.rng.normal(0, 0.6))
        spin = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]], np.float32)
        size = min(size, 60 * room / max(float(p[:, 0].max()) for p in ink.paths))
        scale = size / 60
        placed = [
            np.round(((p * scale) @ spin + np.array(at, np.float32)) * 8).astype(np.int32) for p in ink.paths
        ]
        cv2.fillPoly(self.picture, placed, colour, cv2.LINE_AA, 3)
        cv2.polylines(self.picture, placed, True, colour, max(1, round(size / 32)), cv2.LINE_AA, 3)
        return float(max(p[:, 0].max() for p in ink.paths) * scale)

    def line(self, *points: tuple[float, float], colour: Colour, pen: int = 4) -> None:
        """A hand-drawn line through `points`."""
        wobble = self.rng.normal(0, 2, (len(points), 2))
        ends = np.round(np.array(points, np.float32) + wobble).astype(np.int32)
        cv2.polylines(self.picture, [ends], False, colour, pen, cv2.LINE_AA)

    def colour(self) -> Colour:
        """One of the markers at hand."""
        return MARKERS[self.rng.integers(len(MARKERS))]


def whiteboard(pad: Pad, lines: Sequence[str]) -> None:
    """A title, then two columns, some entries framed, an arrow between the columns."""
    ink = pad.colour()
    wide = pad.write(lines[0], (110, 150), 72, ink)
    pad.line((100, 180), (130 + wide, 172), colour=ink, pen=5)
    half = (len(lines) + 1) // 2
    for place, text in enumerate(lines[1:]):
        column, row = divmod(place, half)
        x, y = 130 + 660 * column, 320 + row * min(170, 680 // max(1, half))
        colour = pad.colour()
        wide = pad.write(text, (x, y), pad.rng.uniform(44, 58), colour, room=480)
        if pad.rng.random() < 0.3:
            left, top, right, low = x - 25, y - 78, x + wide + 25, y + 38
            pad.line((left, top), (right, top), (right, low), (left, low), (left, top), colour=colour)
    pad.line((640, 560), (700, 600), (765, 590), colour=MARKERS[2])
    pad.line((735, 565), (765, 590), (738, 618), colour=MARKERS[2])


def flipchart(pad: Pad, lines: Sequence[str]) -> None:
    """A sheet on an easel: a big title and a list with dashes."""
    pad.picture[:] = (120, 118, 112)
    cv2.rectangle(pad.picture, (230, 20), (1210, 1070), (243, 241, 234), -1)
    ink = pad.colour()
    wide = pad.write(lines[0], (300, 160), 76, ink)
    pad.line((290, 190), (310 + wide, 186), colour=ink, pen=6)
    for place, text in enumerate(lines[1:]):
        pad.write("- " + text, (310, 330 + 125 * place), 60, pad.colour() if place % 3 == 0 else MARKERS[0])


def stickies(pad: Pad, lines: Sequence[str]) -> None:
    """Notes on a wall, each with a few words and at its own angle."""
    for place, text in enumerate(lines):
        row, column = divmod(place, 4)
        centre = np.array([210 + 340 * column, 280 + 420 * row]) + pad.rng.normal(0, 14, 2)
        turn = pad.rng.normal(0, 3)
        corners = cv2.boxPoints(((float(centre[0]), float(centre[1])), (300.0, 300.0), -turn))
        cv2.fillPoly(pad.picture, [np.round(corners + 7).astype(np.int32)], (150, 148, 142), cv2.LINE_AA)
        cv2.fillPoly(
            pad.picture, [np.round(corners).astype(np.int32)], NOTES[place % len(NOTES)], cv2.LINE_AA
        )
        for row, word in enumerate(text.split("/")):
            pad.write(
                word, (centre[0] - 125, centre[1] - 45 + 85 * row), 46, MARKERS[place % 2], turn, room=250
            )


def notebook(pad: Pad, lines: Sequence[str]) -> None:
    """A ruled page in ballpoint."""
    for y in range(140, HEIGHT, 82):
        cv2.line(pad.picture, (0, y), (WIDTH, y + 3), (178, 196, 222), 2, cv2.LINE_AA)
    cv2.line(pad.picture, (150, 0), (146, HEIGHT), (226, 150, 150), 2, cv2.LINE_AA)
    ink: Colour = (35, 45, 120)
    for place, text in enumerate(lines):
        pad.write(text, (185, 214 + 82 * place), 42, ink)


def photograph(page: Picture, rng: Generator) -> Picture:
    """`page` as a phone sees it: from an angle, in uneven light, a little soft, noisy."""
    reach = 0.05 * min(page.shape[:2])
    corners = np.array([(0, 0), (WIDTH, 0), (WIDTH, HEIGHT), (0, HEIGHT)], np.float32)
    seen = (corners + rng.uniform(-reach, reach, (4, 2)) * 1.2).astype(np.float32)
    view = cv2.getPerspectiveTransform(corners, seen)
    photo = cv2.warpPerspective(page, view, (WIDTH, HEIGHT), borderValue=(96, 92, 86)).astype(np.float32)
    light = 0.88 + 0.06 * smooth_noise((HEIGHT, WIDTH), 700, rng)
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    glare = np.exp(-((x - rng.uniform(0, WIDTH)) ** 2 + (y - rng.uniform(0, HEIGHT)) ** 2) / 2 / 160**2)
    photo = photo * light[:, :, None] * np.array([1.0, 0.985, 0.95], np.float32) + 26 * glare[:, :, None]
    photo = cv2.GaussianBlur(photo, (0, 0), rng.uniform(0.6, 1.1)) + rng.normal(0, 3.5, photo.shape)
    return np.asarray(np.clip(photo, 0, 255), np.uint8)


def draw(page: Page, fonts: Fonts) -> Picture:
    """The photo of `page`, RGB."""
    rng = np.random.default_rng(page.seed)
    pad = Pad((238, 240, 240) if page.layout is not notebook else (247, 245, 236), fonts, rng)
    page.layout(pad, page.lines)
    return photograph(pad.picture, rng)


PAGES = (
    Page(
        "whiteboard-roadmap",
        whiteboard,
        (
            "Quarterly roadmap",
            "January: beta",
            "hire two people",
            "new pricing",
            "March: launch",
            "mobile app",
            "support desk",
            "budget review",
        ),
        11,
    ),
    Page(
        "whiteboard-architecture",
        whiteboard,
        (
            "Architecture",
            "web client",
            "gateway",
            "queue",
            "database",
            "cache layer",
            "billing",
            "search index",
        ),
        12,
    ),
    Page(
        "whiteboard-retro",
        whiteboard,
        (
            "Retrospective",
            "what went well",
            "fast deploys",
            "pairing",
            "to improve",
            "flaky tests",
            "long meetings",
            "fewer handovers",
        ),
        13,
    ),
    Page(
        "flipchart-workshop",
        flipchart,
        (
            "Workshop rules",
            "one voice at a time",
            "no laptops",
            "write it down",
            "breaks every hour",
            "finish at five",
        ),
        24,
    ),
    Page(
        "flipchart-goals",
        flipchart,
        ("Goals 2026", "double revenue", "open Lisbon office", "hire designers", "ship offline mode"),
        22,
    ),
    Page(
        "flipchart-risks",
        flipchart,
        ("Risks", "supplier delay", "currency", "key people leave", "security audit", "winter weather"),
        23,
    ),
    Page(
        "stickies-ideas",
        stickies,
        (
            "voice/search",
            "dark mode",
            "export/to PDF",
            "weekly/newsletter",
            "referral/bonus",
            "faster/checkout",
            "gift cards",
            "loyalty/program",
        ),
        31,
    ),
    Page(
        "stickies-customers",
        stickies,
        (
            "too many/clicks",
            "love the/colours",
            "invoice/missing",
            "where is/logout?",
            "great/support",
            "slow on/tablet",
            "password/reset",
            "cancel/anytime",
        ),
        32,
    ),
    Page(
        "notebook-meeting",
        notebook,
        (
            "Meeting with Karen, 14 May",
            "contract ends in August",
            "ask legal about renewal",
            "she wants monthly reports",
            "travel costs too high",
            "next call: Tuesday 10:30",
        ),
        41,
    ),
    Page(
        "notebook-recipe",
        notebook,
        (
            "Lentil soup",
            "two carrots, one onion",
            "garlic, cumin, paprika",
            "simmer forty minutes",
            "lemon and parsley on top",
            "serves six",
        ),
        42,
    ),
    Page(
        "notebook-physics",
        notebook,
        (
            "Lecture 7: pendulum",
            "period depends on length",
            "small angle approximation",
            "energy is conserved",
            "homework: exercise 3 and 5",
            "read chapter nine",
        ),
        45,
    ),
    Page(
        "notebook-garden",
        notebook,
        (
            "Garden plan",
            "tomatoes behind the shed",
            "beans along the fence",
            "move the compost heap",
            "order seeds before Easter",
            "strawberries again",
        ),
        44,
    ),
)


def main(fonts: Path, folder: Path) -> None:
    """Draw every page of PAGES into `folder` as small JPEGs."""
    folder.mkdir(parents=True, exist_ok=True)
    hands = Fonts(fonts)
    for page in PAGES:
        picture = cv2.cvtColor(draw(page, hands), cv2.COLOR_RGB2BGR)
        packed = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 72])[1]
        (folder / f"{page.name}.jpg").write_bytes(packed.tobytes())


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
