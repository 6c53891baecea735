"""The picture of a training."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from recognizer.curve import curve


def drawn(folder: Path, rows: list[tuple[int, float, float]]) -> str:
    lines = [
        "words,seconds,rate,loss,cer,exact",
        *(f"{n},1,1e-3,2.5,{cer},{exact}" for n, cer, exact in rows),
    ]
    (folder / "metrics.csv").write_text("\n".join(lines) + "\n")
    return curve(folder / "metrics.csv")


def test_it_is_an_svg_with_a_line_for_each_rate(tmp_path: Path) -> None:
    picture = drawn(tmp_path, [(1000, 0.9, 0.05), (2000, 0.5, 0.25)])
    root = ElementTree.fromstring(picture)
    assert root.tag.endswith("svg") and "2,000 words" in picture
    errors, exact = (re.findall(r"[\d.]+", p) for p in re.findall(r'points="([^"]*)"', picture))
    assert float(errors[1]) < float(errors[3]), "errors fall"
    assert float(exact[1]) > float(exact[3]), "exact words rise"


@pytest.mark.parametrize("rows", [[(10, 7.5, 0.0)], [(1, 0.0, 1.0), (2, 1.0, 0.0)]])
def test_nothing_leaves_the_picture(tmp_path: Path, rows: list[tuple[int, float, float]]) -> None:
    for points in re.findall(r'points="([^"]*)"', drawn(tmp_path, rows)):
        for x, y in (map(float, point.split(",")) for point in points.split()):
            assert 0 <= x <= 640 and 0 <= y <= 300
