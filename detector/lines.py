"""Words grouped into written lines, lines into blocks, blocks into reading order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from detector.box import Box

REACH = 2.2
"""Words of one line are no further apart than this many heights; columns are."""

BENT = 30.0
"""Degrees by which words of one line differ less in tilt."""

LEANS = 8.0
"""Degrees from which a line is taken to lean; below, a tilt may come from the letters of a word."""

LEADING = 1.4
"""Lines of one block have no more than this many heights of nothing between them."""


def in_reading_order(boxes: Sequence[Box]) -> list[Box]:
    """`boxes` sorted as they are read, `line` filled in, counted from 0."""
    return [replace(boxes[n], line=number) for number, line in enumerate(lines(boxes)) for n in line]


def lines(boxes: Sequence[Box]) -> list[list[int]]:
    """The numbers of the boxes of each line, from left to right; lines as they are read.

    Writing that stands sideways or on its head is read after what is upright, in an order of its own.
    """
    turns = defaultdict[int, list[Box]](list)
    for number, box in enumerate(boxes):
        turns[box.quarter].append(replace(box.turned(-box.quarter), line=number))
    return [[box.line for box in line] for turn in sorted(turns) for line in _upright_lines(turns[turn])]


def _upright_lines(boxes: Sequence[Box]) -> list[list[Box]]:
    return [line for block in _blocks(_lines(boxes)) for line in block]


def _lines(boxes: Sequence[Box]) -> list[list[Box]]:
    """Each line's words from left to right; a word joins the line whose last word it stands beside best."""
    lines: list[list[Box]] = []
    for box in sorted(boxes, key=lambda b: b.x0 + b.x1):
        fits = [(_beside(line[-1], box), n) for n, line in enumerate(lines)]
        best, number = max(fits, default=(0.0, -1))
        if best > 0:
            lines[number].append(box)
        else:
            lines.append([box])
    return lines


def _beside(left: Box, right: Box) -> float:
    """How well `right` goes on where `left` stopped: 0 not at all, 1 same height, same level, close by."""
    if not _near(left, right):
        return 0.0
    left, right = along(left, right)
    tall, low = max(left.y1 - left.y0, right.y1 - right.y0), min(left.y1 - left.y0, right.y1 - right.y0)
    shared = min(left.y1, right.y1) - max(left.y0, right.y0)
    gap = max(0, right.x0 - left.x1)
    if shared < 0.4 * low or gap > REACH * tall or right.x0 < left.x0 + (left.x1 - left.x0) // 2:
        return 0.0
    return shared / low * (1 - 0.9 * gap / (REACH * tall + 1)) * (0.5 + 0.5 * low / max(1, tall))


def _near(left: Box, right: Box) -> bool:
    """Whether one line can hold both, as far as their upright rectangles and their tilts tell."""
    reach = REACH * max(left.y1 - left.y0, right.y1 - right.y0)
    apart = max(left.y0, right.y0) - min(left.y1, right.y1)
    return right.x0 - left.x1 <= reach and apart <= reach and abs(left.angle - right.angle) < BENT


def along(*boxes: Box) -> list[Box]:
    """The boxes as they lie once the longest is level, or upright where that hardly leans."""
    longer = longest(*boxes)
    upright = 90.0 * longer.quarter
    lean = longer.angle if abs(longer.angle - upright) >= LEANS else upright
    return [box.levelled(lean) for box in boxes] if lean else list(boxes)


def longest(*boxes: Box) -> Box:
    """The one that tells best how a line leans."""
    return max(boxes, key=lambda box: box.length)


def _blocks(lines: list[list[Box]]) -> list[list[list[Box]]]:
    """Lines that stand under each other, from top to bottom; blocks by their upper left corner."""
    blocks: list[list[list[Box]]] = []
    for line in sorted(lines, key=_top):
        home = next((b for b in reversed(blocks) if _under(b[-1], line)), None)
        if home is None:
            blocks.append([line])
        else:
            home.append(line)
    return sorted(blocks, key=lambda b: (_top(b[0]), b[0][0].x0))


def _under(above: list[Box], below: list[Box]) -> bool:
    """Whether the line `below` follows the line `above` in one block."""
    reach = LEADING * max(b.y1 - b.y0 for b in (*above, *below))
    if above[0].x0 - below[-1].x1 > reach or below[0].x0 - above[-1].x1 > reach:
        return False
    flat = along(*above, *below)
    above, below = flat[: len(above)], flat[len(above) :]
    heights = sorted(b.y1 - b.y0 for b in flat)
    height = heights[len(heights) // 2]
    left, right = max(above[0].x0, below[0].x0), min(above[-1].x1, below[-1].x1)
    apart = _top(below) - max(b.y1 for b in above)
    return right > left and -1.5 * height < apart < LEADING * height


def _top(line: list[Box]) -> int:
    return min(b.y0 for b in line)
