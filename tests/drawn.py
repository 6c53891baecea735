"""Small stand-ins for the training data: three writers who make zigzags, one font, one scanned word."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
from PIL import ImageFont

WORDS = (("ab", "GOOD"), ("ba", "OK"), ("aab", "BAD"), ("AB", "OK"), ("12", "OK"))


def training_data(folder: Path) -> Path:
    """A data folder with the layout that `Synthesis` reads."""
    unipen = folder / "handwriting" / "unipen"
    unipen.mkdir(parents=True)
    for name in ("words", "text"):
        _strokes(unipen, name)
    _scan(folder / "handwriting" / "copiste")
    fonts = folder / "fonts"
    fonts.mkdir()
    font = ImageFont.load_default(12)
    assert isinstance(font, ImageFont.FreeTypeFont) and isinstance(font.path, BytesIO)
    (fonts / "default.ttf").write_bytes(font.path.getvalue())
    return folder


def _strokes(folder: Path, name: str) -> None:
    steps: list[tuple[int, int]] = []
    ends: list[int] = []
    rows: list[dict[str, str | int]] = []
    for contributor, writer in (("abm", "abm/a"), ("cec", "cec/b"), ("lav", "lav/c"), ("sta", "sta/d")):
        for label, quality in WORDS:
            rows.append({"contrib": contributor, "writer": writer, "q": quality, "label": label,
                         "start": len(steps), "n": 6 * len(label)})  # fmt: skip
            for _ in label:  # one stroke a letter: up, down, up, and a jump to the next
                steps += [(8, 0), (3, 40), (3, -40), (3, 30), (3, -30), (3, 2)]
                ends += [0, 0, 0, 0, 0, 1]
    steps_xy = np.array(steps, np.int16)
    np.savez(folder / f"{name}.npz", dx=steps_xy[:, 0], dy=steps_xy[:, 1], end=np.packbits(ends))
    (folder / f"{name}.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf-8")


def _scan(folder: Path) -> None:
    (folder / "words").mkdir(parents=True)
    page = np.full((40, 90), 230, np.uint8)
    cv2.putText(page, "ab", (8, 30), cv2.FONT_HERSHEY_SIMPLEX, 1, 40, 2)
    (folder / "words" / "1.png").write_bytes(cv2.imencode(".png", page)[1].tobytes())
    (folder / "words.jsonl").write_text(json.dumps({"image": "words/1.png", "text": "ab"}) + "\n", "utf-8")
