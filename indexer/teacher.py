"""Another engine as a teacher: what RapidOCR reads on the photos, as suggestions.

It runs on this computer, with the models in its package (`pip install "ocr-index[teacher]"`). Its readings of
print and neat hands help to begin; they are never taken for labels.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from detector import Box
from indexer.photo import Photo
from indexer.placed import PlacedText, proper_box

SOURCE = "rapidocr"

Piece = tuple[str, float, Sequence[Sequence[float]]]
"""Text, confidence and the four corners, as RapidOCR gives them."""


class NoTeacher(Exception):
    """The engine is not installed."""

    exit_code = 2


class Engine(Protocol):
    """What is used of `rapidocr.RapidOCR`."""

    def __call__(self, img: NDArray[np.uint8], *, return_word_box: bool) -> Any:
        """`txts`: a text a line; `word_results`: the pieces of each line. Pictures are BGR."""


def load_engine() -> Engine:
    """RapidOCR, quiet and on one core. Raises `NoTeacher`."""
    if find_spec("rapidocr") is None or find_spec("onnxruntime") is None:
        raise NoTeacher('the teacher is not installed: pip install "ocr-index[teacher]"')
    engine: Engine = import_module("rapidocr").RapidOCR(
        params={"Global.log_level": "critical", "EngineConfig.onnxruntime.intra_op_num_threads": 1}
    )
    return engine


def read_page(engine: Engine, photo: Photo) -> Iterator[PlacedText]:
    """What the engine reads on a page, word by word."""
    found = engine(np.ascontiguousarray(photo.pixels[:, :, ::-1]), return_word_box=True)
    for text, pieces in zip(found.txts or (), found.word_results or (), strict=False):
        for word, confidence, box in words_of(text, pieces):
            yield PlacedText(
                str(photo.path),
                (str(photo.path),),
                photo.whole(box),
                word,
                photo.page,
                photo.sha256,
                confidence,
            )


def words_of(text: str, pieces: Iterable[Piece]) -> Iterator[tuple[str, float, Box]]:
    """The words of a line, each with its least confidence and the box around its pieces.

    Pieces are words or, where the line holds anything beyond ASCII, single letters.
    """
    waiting = [piece for piece in pieces if piece[0].strip()]
    for word in text.split():
        taken: list[Piece] = []
        while waiting and sum(len(piece[0].strip()) for piece in taken) < len(word):
            taken.append(waiting.pop(0))
        corners = [corner for _, _, box in taken for corner in box]
        if corners:
            across, down = zip(*corners, strict=True)
            try:
                box = proper_box(min(across), min(down), max(across), max(down))
            except ValueError:
                continue
            yield word, min(confidence for _, confidence, _ in taken), box
