"""What tests of watched folders need: files, and a clock that is put on by hand."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


def put(path: Path, content: str = "photo") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now
