"""Weights files: written whole, read without torch, refused with a reason."""

from __future__ import annotations

import importlib.util
import json
import struct
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from detector import weights
from detector.weights import Card, WeightsError, load, read_card, save

CARD = Card(
    kind="recognizer",
    architecture="crnn",
    settings={"height": 32},
    alphabet=" abcé→",
    height=32,
    temperature=1.3,
    parent="0" * 64,
    data=[{"name": "UNIPEN", "terms": "CC BY 4.0"}],
    scores={"cer": 0.125},
    made="2026-01-02",
    program="0.1.0",
)
TENSORS: weights.Tensors = {
    "a.weight": np.arange(12, dtype=np.float32).reshape(3, 4),
    "b": np.array([1, 2], np.float16),
    "steps": np.array(7, np.int64),
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a word.safetensors"
    save(path, TENSORS, CARD)
    return path


def test_tensors_and_card_come_back(file: Path) -> None:
    tensors, card = load(file)
    assert card == read_card(file) == CARD
    assert tensors.keys() == TENSORS.keys()
    for name, value in TENSORS.items():
        assert tensors[name].dtype == value.dtype
        assert np.array_equal(tensors[name], value)


def test_views_with_strides_are_stored_as_they_look(tmp_path: Path) -> None:
    turned = TENSORS["a.weight"].T[::2]
    save(tmp_path / "x", {"t": turned}, CARD)
    assert np.array_equal(load(tmp_path / "x")[0]["t"], turned)


def test_the_id_is_the_kind_and_the_hash_of_the_content(tmp_path: Path, file: Path) -> None:
    again = save(tmp_path / "again", TENSORS, CARD)
    other = save(tmp_path / "other", TENSORS, replace(CARD, temperature=1.4))
    assert weights.id_of(file) == again == f"recognizer-{weights.sha256_of(file)[:12]}"
    assert other != again


def test_the_card_says_when_and_by_what_it_was_made() -> None:
    card = Card(kind="detector", architecture="none")
    assert len(card.made) == len("2026-01-02")
    assert card.program


def test_the_card_is_read_without_torch(file: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from detector import weights;"
        f"weights.load(Path({str(file)!r})); assert not {{'torch', 'cv2'}} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(weights.__file__).parents[1])


def test_the_module_wins_over_the_folder_of_the_same_name() -> None:
    spec = importlib.util.find_spec("detector.weights")
    assert spec and spec.origin and spec.origin.endswith("weights.py")


def test_an_older_file_is_replaced_in_one_step(file: Path) -> None:
    save(file, {"only": np.zeros(1, np.float32)}, CARD)
    assert load(file)[0].keys() == {"only"}
    assert [p.name for p in file.parent.iterdir()] == [file.name]


def test_a_failed_save_leaves_the_older_file_and_no_rest(file: Path) -> None:
    before = file.read_bytes()
    with pytest.raises(TypeError):
        save(file, TENSORS, replace(CARD, settings={"height": object()}))
    assert file.read_bytes() == before
    assert [p.name for p in file.parent.iterdir()] == [file.name]


def test_a_saved_file_may_be_read_by_whom_any_new_file_may(file: Path) -> None:
    plain = file.with_name("plain")
    plain.touch()
    assert file.stat().st_mode == plain.stat().st_mode


def framed(header: object, rest: bytes = b"") -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + rest


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"short",
        b"version https://git-lfs.github.com/spec/v1\n",
        struct.pack("<Q", 50) + b"{",
        struct.pack("<Q", 2**62) + b"{}",
        struct.pack("<Q", 4) + b"\xff\xfe\xff\xff",
        framed([1]),
        framed({"__metadata__": 3}),
    ],
)
def test_what_is_no_weights_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match="x is no weights file, or a damaged one; name another"):
        load(path)


def test_weights_of_other_programs_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x"
    save_file({"a": np.zeros(2, np.float32)}, path)
    with pytest.raises(WeightsError, match="not made by ocr-index"):
        read_card(path)


@pytest.mark.parametrize("card", ["{", "[]", "3", '{"kind": "recognizer"}'])
def test_a_damaged_card_is_refused(tmp_path: Path, card: str) -> None:
    path = tmp_path / "x"
    path.write_bytes(framed({"__metadata__": {"ocr-index": card}}))
    with pytest.raises(WeightsError, match=r"card of .* is damaged"):
        read_card(path)


def test_a_card_of_a_newer_version_says_so(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(framed({"__metadata__": {"ocr-index": '{"kind": "detector", "mood": 3}'}}))
    with pytest.raises(WeightsError, match=r"newer ocr-index \(its card says mood\); update"):
        read_card(path)


def test_a_cut_file_is_refused(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-3])
    assert read_card(file) == CARD
    with pytest.raises(WeightsError, match="damaged"):
        load(file)


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"there is no weights file .*gone; check the name"):
        load(tmp_path / "gone")
    with pytest.raises(WeightsError, match="cannot be read"):
        load(tmp_path)
    with pytest.raises(WeightsError, match="there is no weights file"):
        weights.sha256_of(tmp_path / "gone")


def test_missing_shipped_weights_say_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "files", lambda kind: tmp_path / kind)
    with pytest.raises(
        WeightsError, match=r"without recognizer weights .* install ocr-index again"
    ) as caught:
        weights.shipped("recognizer")
    assert caught.value.exit_code == 5
    path = tmp_path / "recognizer" / "weights" / "default.safetensors"
    path.parent.mkdir(parents=True)
    path.touch()
    assert weights.shipped("recognizer") == path
