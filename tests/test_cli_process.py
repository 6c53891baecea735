"""The commands as processes: bytes on pipes, signals, readers that go away."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from detector import Box
from indexer.archive import Archive
from indexer.reading import Page, Reading, Sighting, WordReading
from recognizer import Hypothesis

ROOT = Path(__file__).resolve().parent.parent
INDEX = "import cli; cli.main()"
SEARCH = "import cli; cli.search_main()"
NAME = b"/photos/na\xefve.jpg"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive with a photo of 5,000 words, whose name is no text in UTF-8."""
    home = tmp_path_factory.mktemp("home")
    words = tuple(
        WordReading(
            Box(10 * i, 0, 10 * i + 8, 10), (Hypothesis(f"word{i}", 0.9), Hypothesis(f"ward{i}", 0.1)), b""
        )
        for i in range(5000)
    )
    with Archive.open(home, create=True) as archive:
        page = Page("ab" * 32, 1, 1_700_000_000.0, 50_000, 10)
        archive.add(Sighting(os.fsdecode(NAME)), page, Reading("boxes 1", "words 1", words), pages=1)
        archive.update_index()
    return home


def start(code: str, home: Path, *args: str) -> subprocess.Popen[bytes]:
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OCR_INDEX_HOME": str(home), "LC_ALL": "C"}
    return subprocess.Popen(
        [sys.executable, "-c", code, *args],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def output(code: str, home: Path, *args: str) -> bytes:
    with start(code, home, *args) as process:
        return process.communicate()[0]


def test_searching_loads_neither_torch_nor_opencv_nor_the_orm(home: Path) -> None:
    code = f"import sys\ntry: {SEARCH}\nfinally: print(*sys.modules)"
    out = output(code, home, "word7").decode("utf-8", "surrogateescape")
    assert "word7" in out
    assert not {"torch", "cv2", "sqlalchemy", "PIL"} & set(out.splitlines()[-1].split())


def test_names_that_are_no_text_are_printed_as_the_bytes_they_are(home: Path) -> None:
    assert output(INDEX, home, "words").startswith(NAME + b"\n")
    assert output(SEARCH, home, "--paths0", "word7") == NAME + b"\0"


@pytest.mark.parametrize("command", [(INDEX, "words", "--json"), (SEARCH, "word7", "--json")])
def test_names_that_are_no_text_come_back_from_json(home: Path, command: tuple[str, ...]) -> None:
    first = output(command[0], home, *command[1:]).splitlines()[0]
    assert os.fsencode(json.loads(first)["path"]) == NAME


def test_a_reader_that_goes_away_is_no_failure(home: Path) -> None:
    with start(INDEX, home, "words") as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.read(10)
        process.stdout.close()
        assert (process.stderr.read(), process.wait()) == (b"", 0)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_end_it_in_one_line(home: Path, number: signal.Signals) -> None:
    with start(SEARCH, home, "--queries", "-") as process:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(b"word7\n")
        process.stdin.flush()
        process.stdout.read(1)
        process.send_signal(number)
        _, said = process.communicate()
    assert (process.returncode, said) == (130, b"ocr-search: interrupted; what is done is kept\n")


def test_the_shell_completes_commands_and_options(home: Path) -> None:
    completing = {"_OCR_INDEX_COMPLETE": "bash_complete", "COMP_WORDS": "ocr-index st", "COMP_CWORD": "1"}
    command = [sys.executable, "-c", INDEX]
    shown = subprocess.run(command, cwd=ROOT, env=os.environ | completing, capture_output=True, text=True)
    assert shown.stdout.split() == ["plain,status"]
