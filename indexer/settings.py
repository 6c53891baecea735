"""The settings of one archive: one frozen dataclass, read from `settings.toml` in the archive's folder."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, ClassVar, get_type_hints

from indexer.choice import history
from recognizer import LANGUAGES

MOST = {"threads": 256, "readings": 100, "batch": 10_000}
"""With more, the machine has to do with nothing else."""


class SettingsError(Exception):
    """The settings file cannot be used as it stands."""

    exit_code: ClassVar[int] = 2


@dataclass(frozen=True, slots=True)
class Settings:
    """How an archive reads its photos; every field may stand in `settings.toml` under the same name."""

    detector: str = "network"
    """`network`, `components` (which needs no weights), or a path of a weights file."""
    recognizer: str = "default"
    """The recognizer that ships, or a path of a weights file; without a line, what `models use` says."""
    threads: int = min(4, os.cpu_count() or 1)
    """Photos opened side by side; each may hold a whole decoded photo (up to some 300 MB) in memory."""
    languages: tuple[str, ...] = LANGUAGES
    """Tongues of what is written, as `["en", "de"]`: their common words are read more easily."""
    readings: int = 5
    """Hypotheses kept of a word."""
    batch: int = 256
    """Word strips read in one go, across photos."""
    include: tuple[str, ...] = ()
    """Globs of names, or of paths below a folder: only these files are photos."""
    exclude: tuple[str, ...] = ()
    """Globs of files and folders to leave out."""
    query_log: bool = False
    """Remember in the archive's folder what is searched for: `relabel next` asks for such words first."""

    def __post_init__(self) -> None:
        for name, most in MOST.items():
            if not 1 <= getattr(self, name) <= most:
                raise SettingsError(f"setting {name} must be from 1 to {most}, not {getattr(self, name)}")

    @classmethod
    def load(cls, home: Path) -> Settings:
        """The settings of the archive in `home`; the defaults where there is no file.

        Raises `SettingsError` for a file that is not TOML, an unknown key (naming the known), a wrong type.
        """
        path = home / "settings.toml"
        try:
            values = tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            values = {}
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise SettingsError(f"{path}: {error}; mend the file or delete it to get the defaults") from error
        return _checked(path, {"recognizer": history(home)[-1]} | values)


def _checked(path: Path, values: dict[str, Any]) -> Settings:
    types = get_type_hints(Settings)
    known = [field.name for field in fields(Settings)]
    for name, value in values.items():
        if name not in known:
            raise SettingsError(f"{path}: unknown setting {name!r}; known: {', '.join(known)}")
        if not _fits(value, types[name]):
            raise SettingsError(f"{path}: {name} must be {_NOUNS[types[name]]}, not {value!r}")
    plain: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in values.items()}
    try:
        return Settings(**plain)
    except SettingsError as error:
        raise SettingsError(f"{path}: {error}") from None


_TEXTS = tuple[str, ...]
_NOUNS = {
    bool: "true or false",
    int: "a whole number",
    str: "a text in quotes",
    _TEXTS: 'a list of texts, as in ["*.heic"]',
}


def _fits(value: object, kind: object) -> bool:
    if kind == _TEXTS:
        return isinstance(value, list) and all(isinstance(text, str) for text in value)
    return type(value) is kind
