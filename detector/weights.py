"""Weights files: one safetensors file = tensors + card, and the card is readable without torch.

Detector and recognizer share them, so they lie in the earlier of the two rooms.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import struct
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

Tensors = Mapping[str, NDArray[Any]]

KEY = "ocr-index"
"""Name of the card among the safetensors metadata; files of other programs lack it."""

LONGEST_HEADER = 10_000_000
"""Bytes; ours take some kB, and a damaged length must not make us read gigabytes."""


class WeightsError(Exception):
    """A weights file is missing, damaged or not ours; the message says which and what to do."""

    exit_code = 5


def _today() -> str:
    return datetime.now(UTC).date().isoformat()


def _version() -> str:
    try:
        return importlib.metadata.version("ocr-index")
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


@dataclass(frozen=True)
class Card:
    """All it takes to use a network and to know where it comes from."""

    kind: str
    """`recognizer` or `detector`."""
    architecture: str
    settings: dict[str, Any] = field(default_factory=dict)
    alphabet: str = ""
    """Characters in the order of the outputs, without the blank."""
    height: int = 0
    """Rows of the input, in pixels."""
    normalisation: str = "0 background, 1 ink"
    temperature: float = 1.0
    """The logits are divided by it, so that probabilities come true (Guo et al. 2017, arXiv 1706.04599)."""
    parent: str | None = None
    """sha256 of the weights file that this one was trained from."""
    data: list[dict[str, str]] = field(default_factory=list)
    """What it was trained on: `name` and `terms` of each set."""
    scores: dict[str, float] = field(default_factory=dict)
    made: str = field(default_factory=_today)
    program: str = field(default_factory=_version)


def save(path: Path, tensors: Tensors, card: Card) -> str:
    """Write `tensors` and `card` to `path` in one step: a crash leaves the old file or the new one.

    Returns the id of the file, see `id_of`.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    os.close(handle)
    part = Path(name)
    try:
        packed = {key: np.asarray(value, order="C") for key, value in tensors.items()}
        save_file(packed, part, metadata={KEY: json.dumps(asdict(card), ensure_ascii=False, sort_keys=True)})
        _settle(part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return id_of(path)


def _settle(path: Path) -> None:
    """Bring the file to the disk, readable as a file that was opened the usual way would be."""
    mask = os.umask(0)
    os.umask(mask)
    path.chmod(0o666 & ~mask)
    with path.open("rb") as file:
        os.fsync(file.fileno())


def read_card(path: Path) -> Card:
    """The card of the weights file `path`; reads its first bytes alone. Raises WeightsError."""
    header = _header(path)
    text = header.get("__metadata__", {}).get(KEY)
    if text is None:
        raise WeightsError(f"{path} was not made by ocr-index: it has no card; {_ADVICE}")
    known = {f.name for f in fields(Card)}
    try:
        content = json.loads(text)
        unknown = content.keys() - known
        if unknown:
            raise WeightsError(
                f"{path} was made by a newer ocr-index (its card says {', '.join(sorted(unknown))}); "
                "update ocr-index"
            )
        return Card(**content)
    except (ValueError, TypeError, AttributeError) as fault:
        raise WeightsError(f"the card of {path} is damaged; {_ADVICE}") from fault


def load(path: Path) -> tuple[dict[str, NDArray[Any]], Card]:
    """Tensors and card of the weights file `path`. Raises WeightsError."""
    card = read_card(path)
    try:
        return load_file(path), card
    except (SafetensorError, OSError) as fault:
        raise WeightsError(f"{path} is damaged ({fault}); {_ADVICE}") from fault


def id_of(path: Path) -> str:
    """Kind and the start of the file's sha256, as in `recognizer-0123456789ab`. Raises WeightsError."""
    kind = read_card(path).kind
    return f"{kind}-{sha256_of(path)[:12]}"


def sha256_of(path: Path) -> str:
    """sha256 of the file, in hexadecimal: its true name. Raises WeightsError if it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as fault:
        raise WeightsError(_unreadable(path, fault)) from fault


def hashed(tensors: Tensors, *facts: str) -> str:
    """A name for exactly these tensors and facts, whatever else a file of them holds."""
    digest = hashlib.sha256("\0".join(facts).encode())
    for key in sorted(tensors):
        digest.update(key.encode() + np.ascontiguousarray(tensors[key]).tobytes())
    return digest.hexdigest()[:16]


def shipped(kind: str) -> Path:
    """The weights of `kind` that come with the program. Raises WeightsError if they are not there."""
    path = Path(str(files(kind))) / "weights" / "default.safetensors"
    if not path.is_file():
        raise WeightsError(
            f"this installation comes without {kind} weights ({path} is missing); "
            "install ocr-index again or name a weights file"
        )
    return path


_ADVICE = "name another weights file, or get this one again"


def _unreadable(path: Path, fault: OSError) -> str:
    if isinstance(fault, FileNotFoundError):
        return f"there is no weights file {path}; check the name"
    return f"the weights file {path} cannot be read ({fault.strerror}); check the name and its permissions"


def _header(path: Path) -> dict[str, Any]:
    """The JSON at the start of a safetensors file: its length as 8 bytes, little endian, goes before it."""
    try:
        with path.open("rb") as file:
            start = file.read(8)
            length = struct.unpack("<Q", start)[0] if len(start) == 8 else LONGEST_HEADER + 1
            text = file.read(length) if length <= LONGEST_HEADER else b""
        header = json.loads(text)
    except OSError as fault:
        raise WeightsError(_unreadable(path, fault)) from fault
    except ValueError as fault:
        raise WeightsError(f"{path} is no weights file, or a damaged one; {_ADVICE}") from fault
    if not isinstance(header, dict) or not isinstance(header.get("__metadata__", {}), dict):
        raise WeightsError(f"{path} is no weights file, or a damaged one; {_ADVICE}")
    return header
