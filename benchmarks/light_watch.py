"""`ocr-index` as it is, but with the models of the tests, which take no time, and a watcher ten times faster.

Not a measurement of its own: other benchmarks run it as a process, to measure watching and not reading.
"""

from __future__ import annotations

import sys
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import cli
import detector
import recognizer
from indexer import tending
from indexer.watch import Rhythm

ROOT = Path(__file__).resolve().parent.parent

RHYTHM = Rhythm(quiet=0.5, tick=0.1, listing=4.0, poll=1.0, share=0.5)
"""The usual one, ten times as fast."""


def light() -> Any:
    """The tests' models, and the photos that they can read."""
    if str(ROOT / "tests") not in sys.path:
        sys.path.insert(0, str(ROOT / "tests"))
    return import_module("light")


def use_light_models() -> None:
    """Have all that loads models load these."""
    vars(detector)["load"] = lambda _name="": light().LightDetector()
    vars(recognizer)["load"] = lambda *_: light().LightRecognizer()


def main() -> None:
    """Run the command that was typed."""
    use_light_models()
    vars(tending)["Tender"] = partial(tending.Tender, means=tending.Means(rhythm=RHYTHM))
    cli.main()


if __name__ == "__main__":
    main()
