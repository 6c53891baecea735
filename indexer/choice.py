"""Which recognizer an archive uses, and which it used before: so that a worse one can be taken back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import ClassVar

DEFAULT = "default"


class ChoiceError(Exception):
    """A model cannot be chosen, or there is none to go back to."""

    exit_code: ClassVar[int] = 2


def history(home: Path) -> list[str]:
    """The recognizers chosen so far, the present one last; [DEFAULT] where nobody has chosen."""
    try:
        chosen = json.loads(_file(home).read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return [DEFAULT]
    return [str(name) for name in chosen] or [DEFAULT]


def use(home: Path, name: str) -> None:
    """From now on use the recognizer `name`: `default`, or a weights file. Raises ChoiceError."""
    if name != DEFAULT and not Path(name).is_file():
        raise ChoiceError(f"{name}: no such weights file; `ocr-index models` lists those there are")
    if name != history(home)[-1]:
        _keep(home, [*history(home), name])


def roll_back(home: Path) -> str:
    """Use the recognizer before the present one again; returns its name. Raises ChoiceError."""
    before = history(home)[:-1]
    if not before:
        raise ChoiceError("no other model was in use before; `ocr-index models` lists those there are")
    _keep(home, before)
    return before[-1]


def _keep(home: Path, names: list[str]) -> None:
    path = _file(home)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(names), "utf-8")
    part.replace(path)


def _file(home: Path) -> Path:
    return home / "models" / "chosen.json"
