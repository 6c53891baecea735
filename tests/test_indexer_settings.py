"""Settings: defaults, the file, and what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.settings import Settings, SettingsError


def written(home: Path, text: str) -> Path:
    (home / "settings.toml").write_text(text)
    return home


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    assert Settings.load(tmp_path) == Settings()


def test_a_file_changes_what_it_names(tmp_path: Path) -> None:
    settings = Settings.load(written(tmp_path, 'recognizer = "mine.safetensors"\nthreads = 1\n'))
    assert settings == Settings(recognizer="mine.safetensors", threads=1)
    settings = Settings.load(written(tmp_path, 'exclude = ["old", "*.gif"]'))
    assert settings == Settings(exclude=("old", "*.gif"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("treads = 1", "unknown setting 'treads'; known: detector, recognizer, threads"),
        ('threads = "two"', "threads must be a whole number, not 'two'"),
        ("threads = true", "threads must be a whole number, not True"),
        ("detector = 3", "detector must be a text in quotes, not 3"),
        ('exclude = "*.heic"', """exclude must be a list of texts, as in ["*.heic"], not '*.heic'"""),
        ("include = [1]", "include must be a list of texts"),
        ("threads = 0", "threads must be from 1 to 256, not 0"),
        ("threads = 100000000", "threads must be from 1 to 256, not 100000000"),
        ("threads =", "mend the file or delete it"),
    ],
)
def test_a_wrong_file_is_named_with_what_is_wrong(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SettingsError) as raised:
        Settings.load(written(tmp_path, text))
    assert said in str(raised.value)
    assert str(tmp_path / "settings.toml") in str(raised.value)
    assert raised.value.exit_code == 2


@given(junk=st.binary(max_size=60))
def test_no_file_content_ends_in_another_error(tmp_path_factory: pytest.TempPathFactory, junk: bytes) -> None:
    home = tmp_path_factory.mktemp("home")
    (home / "settings.toml").write_bytes(junk)
    try:
        Settings.load(home)
    except SettingsError as error:
        assert "settings.toml" in str(error)
