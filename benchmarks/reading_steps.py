"""What decides which words people read, step by step: the table in docs/design.md.

    python -m benchmarks.reading_steps ../shared

Finds and reads the boxes of real photos once, and tells three times which of them are words and what they
say: as the detector cuts, by what explains the ink best, and with what stands around. Counts as
eval/score.py does, by first readings and by all that are kept.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.detector_bars import first_page, head, prepared, row, score_form
from benchmarks.ranking import scorer
from detector import Detector, load
from indexer.cutting import settled
from indexer.photo import Photo
from indexer.reader import boxes_of, told
from indexer.reading import WordReading
from recognizer import Recognizer
from recognizer import load as load_recognizer
from recognizer.language import LanguageModel

Step = Callable[[Sequence[WordReading], LanguageModel], Sequence[WordReading]]

STEPS: dict[str, Step] = {
    "boxes as the detector cuts them": lambda found, _language: found,
    "boxes that explain most together": settled,
    "read once more with the words around": told,
}

READINGS = 5
"""Of each word, as many as are kept."""


def boxes_on(photo: Photo, detector: Detector, recognizer: Recognizer) -> list[WordReading]:
    """All boxes on `photo` and what is read in them."""
    return boxes_of(prepared(photo, detector.cuts(photo.pixels), recognizer), recognizer, READINGS)


def shown(words: Sequence[WordReading]) -> list[WordReading]:
    """Those that people see."""
    return [word for word in words if not word.box.alternative]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--every", type=int, default=1, help="only every so many photos")
    asked = parser.parse_args()
    score = scorer(asked.data)
    truth = score.load_truth(asked.data / "photos" / "truth.jsonl")
    names = sorted(truth)[:: asked.every]
    detector, recognizer = load(), load_recognizer()
    language = recognizer.language
    assert language is not None, "the recognizer that ships knows words"
    found = {
        name: boxes_on(first_page(asked.data / "photos" / "dev" / name), detector, recognizer)
        for name in names
    }
    print(f"{len(names)} photos, {detector.id}, {recognizer.id}\n")
    head("words", "of the readings are right", "true words read", "among five", "similarity 0.8")
    for name, step in STEPS.items():
        forms = {photo: score_form(shown(step(boxes, language)), score) for photo, boxes in found.items()}
        row(name, *score.reading({photo: truth[photo] for photo in names}, forms))


if __name__ == "__main__":
    main()
