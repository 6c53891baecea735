"""How a training went, as a picture: an SVG of a few lines drawn from its table of measurements."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

WIDE, TALL, EDGE = 640, 300, 48

DRAWN = {"cer": "#c03020", "exact": "#1060b0"}
"""Columns drawn, both from 0 to 1, and their colours."""


def curve(table: Path) -> str:
    """The SVG of `table`, a CSV with the columns words, cer and exact."""
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    words = [int(row["words"]) for row in rows]
    lines = [_line(words, [float(row[name]) for row in rows], name) for name in DRAWN]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDE}" height="{TALL}" '
        'font-family="sans-serif" font-size="12">\n'
        f'<rect width="{WIDE}" height="{TALL}" fill="white"/>\n'
        + "".join(_rule(share / 4) for share in range(5))
        + "".join(lines)
        + _note(WIDE - EDGE, TALL - 14, f"{words[-1]:,} words", "#404040", "end")
        + "</svg>\n"
    )


def _at(share: float, value: float) -> tuple[float, float]:
    """The point at `share` of the words; values beyond 1 stay at the upper edge."""
    return EDGE + share * (WIDE - 2 * EDGE), 20 + (1 - min(1.0, value)) * (TALL - 60)


def _line(words: Sequence[int], values: Sequence[float], name: str) -> str:
    points = [_at(seen / words[-1], value) for seen, value in zip(words, values, strict=True)]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{DRAWN[name]}"/>' for x, y in points)
    end = _note(points[-1][0] + 5, points[-1][1] + 4, f"{values[-1]:.3f}", DRAWN[name])
    label = _note(EDGE + 90 * list(DRAWN).index(name), 14, name, DRAWN[name])
    return f'<polyline points="{path}" fill="none" stroke="{DRAWN[name]}"/>{dots}{end}{label}\n'


def _rule(value: float) -> str:
    (left, y), (right, _) = _at(0, value), _at(1, value)
    line = f'<line x1="{left}" y1="{y}" x2="{right}" y2="{y}" stroke="#d0d0d0"/>'
    return line + _note(left - 6, y + 4, f"{value:g}", "#404040", "end") + "\n"


def _note(x: float, y: float, text: str, colour: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="{colour}" text-anchor="{anchor}">{text}</text>'
