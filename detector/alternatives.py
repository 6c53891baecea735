"""Where cutting is doubtful, other ways to cut: words may be one, or two, or reach further than they seem to.

Search asks the words and the alternatives alike, and the best place on a photo counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from detector.areas import overlaps, places
from detector.box import Box
from detector.lines import along, longest

CLOSE = 1.4
"""Gap, in heights, up to which two neighbours are read together as well. Some are one word; others are parted
where the recognizer reads the space, and each is seen once more, with no edge of a crop between them."""

SAME = 0.85
"""Intersection over union from which two boxes are one."""


def with_alternatives(words: Sequence[Box], seen: Sequence[Box] = ()) -> list[Box]:
    """`words`, which are in reading order, and after them their alternatives.

    These are a box around each two close neighbours, and what other looks at the photo have
    `seen`, unless it is there already.
    """
    found = [*words, *(_around(a, b) for a, b in pairwise(words) if _are_close(a, b))]
    taken = places((*found, *seen))
    for box, place in zip(seen, taken[len(found) :].copy(), strict=True):
        shares = overlaps(place[None], taken[: len(found)])[0]
        if shares.max(initial=0.0) < SAME:
            taken[len(found)] = place
            found.append(replace(box, line=_line(shares, found), alternative=True))
    return found


def _are_close(left: Box, right: Box) -> bool:
    if (left.line, left.quarter) != (right.line, right.quarter):
        return False
    left, right = along(left, right)
    return right.x0 - left.x1 < CLOSE * max(left.y1 - left.y0, right.y1 - right.y0)


def _around(a: Box, b: Box) -> Box:
    lean = longest(a, b).angle
    a, b = a.levelled(lean), b.levelled(lean)
    whole = Box(min(a.x0, b.x0), min(a.y0, b.y0), max(a.x1, b.x1), max(a.y1, b.y1)).levelled(-lean)
    return replace(whole, line=a.line, chance=min(a.chance, b.chance), alternative=True)


def _line(shares: NDArray[np.float64], found: Sequence[Box]) -> int:
    """The line of what overlaps most; a line of its own where nothing does."""
    if shares.max(initial=0.0) > 0:
        return found[int(shares.argmax())].line
    return 1 + max((box.line for box in found), default=-1)
