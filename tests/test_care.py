"""The commands that keep an archive alive, as a user meets them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from light import board, light

import cli
from indexer import pipeline, service
from indexer.archive import Archive
from indexer.bulletin import Board
from indexer.service import ServiceError
from indexer.settings import Settings


@pytest.fixture
def home(tmp_path: Path) -> Path:
    board(tmp_path / "photos" / "one.png", "alpha")
    with Archive.open(tmp_path / "home", create=True) as archive:
        pipeline.add(archive, [tmp_path / "photos"], Settings(threads=1), models=light)
    return tmp_path / "home"


def run(*args: str | Path, home: Path) -> Result:
    words = [str(arg) for arg in args]
    return CliRunner().invoke(cli.index, ["--archive", str(home), *words], prog_name="ocr-index")


@pytest.mark.parametrize("command", ["watch", "doctor", "backup", "restore"])
def test_help_shows_an_example(command: str, tmp_path: Path) -> None:
    result = run(command, "--help", home=tmp_path)
    assert result.exit_code == 0 and f"Example: ocr-index {command} " in result.output


def test_backup_and_restore(home: Path, tmp_path: Path) -> None:
    made = run("backup", tmp_path / "copy.zip", home=home)
    assert made.exit_code == 0 and "1 files" in made.stderr
    assert run("backup", tmp_path / "copy.zip", home=home).exit_code == 2
    assert run("restore", tmp_path / "copy.zip", home=home).exit_code == 2
    back = run("restore", tmp_path / "copy.zip", home=tmp_path / "other")
    assert back.exit_code == 0 and "1 photos can be searched" in back.stderr
    again = run("restore", "--replace", tmp_path / "copy.zip", home=tmp_path / "other")
    assert again.exit_code == 0 and "what was there before is" in again.stderr
    (tmp_path / "copy.zip").write_bytes(b"PK")
    bad = run("restore", tmp_path / "copy.zip", home=tmp_path / "third")
    assert bad.exit_code == 4 and bad.stderr.count("\n") == 1


def test_the_doctor_ends_with_7_until_all_is_mended(home: Path) -> None:
    well = run("doctor", home=home)
    assert well.exit_code == 0 and "rows      fine    consistent\n" in well.stdout
    (home / "settings.toml").write_text("nonsense = 1\n")
    ill = run("doctor", "--json", home=home)
    assert ill.exit_code == 7 and "--repair" in ill.stderr
    assert [row["part"] for row in map(json.loads, ill.stdout.splitlines()) if row["state"] == "fault"] == [
        "settings"
    ]
    assert run("doctor", "--repair", home=home).exit_code == 7
    (home / "settings.toml").unlink()
    assert run("doctor", "--repair", home=home).exit_code == 0
    assert run("doctor", home=home.with_name("none")).exit_code == 4


def test_status_says_what_the_watcher_does(home: Path) -> None:
    assert json.loads(run("status", "--json", home=home).stdout)["watcher"] is None
    Board(home, ["/photos/a\x1b"]).say(doing="reading", last_error="/photos/x: damaged")
    said = run("status", home=home).stdout
    assert "died" in said and "/photos/x: damaged" in said and "\x1b" not in said
    shown = json.loads(run("status", "--json", home=home).stdout)["watcher"]
    assert (shown["doing"], shown["paths"]) == ("dead", ["/photos/a\x1b"])


def test_installing_is_shown_and_asked_for_rightly(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    shown = run("watch", "--install", "--dry-run", "--poll", "/photos/a b", home=home)
    assert shown.exit_code == 0
    assert f'--archive {home} watch --poll -- "/photos/a b"\n' in shown.stdout
    assert "$ systemctl --user enable --now ocr-index-watch.service" in shown.stdout
    undone = run("watch", "--uninstall", "--dry-run", home=home)
    assert "would be deleted" in undone.stdout and "ExecStart" not in undone.stdout
    assert run("watch", home=home).exit_code == 2
    assert run("watch", "--dry-run", "/photos", home=home).exit_code == 2


def test_installing_and_uninstalling(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[Sequence[str]] = []
    wanted = service.service(("/bin/ocr-index", "watch", "/photos"), tmp_path, "linux")
    service.install(wanted, calls.append)
    assert wanted.path.read_text() == wanted.text and tuple(calls) == wanted.start
    service.uninstall(wanted, calls.append)
    assert not wanted.path.exists() and tuple(calls) == wanted.start + wanted.stop
    with pytest.raises(ServiceError, match="nothing was installed"):
        service.uninstall(wanted, calls.append)


def test_a_system_that_will_not_is_quoted(tmp_path: Path) -> None:
    wanted = service.service(("/bin/ocr-index", "watch", "/photos"), tmp_path, "linux")

    def refuse(command: Sequence[str]) -> None:
        service.run((sys.executable, "-c", "import sys; sys.exit('no bus')"))

    with pytest.raises(ServiceError, match=r"is written, but .* failed: no bus"):
        service.install(wanted, refuse)
    with pytest.raises(ServiceError, match="cannot be run"):
        service.run(("/nowhere/at/all",))


def test_watching_ends_with_130_and_leaves_no_trace(home: Path, tmp_path: Path) -> None:
    code = "import cli; cli.main()"
    command = [sys.executable, "-c", code, "--archive", str(home), "watch", str(tmp_path / "photos")]
    root = Path(cli.__file__).parent
    with subprocess.Popen(command, cwd=root, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert "event=started" in process.stderr.readline()
        assert json.loads(run("status", "--json", home=home).stdout)["watcher"]["process"] == process.pid
        process.terminate()
        _, said = process.communicate()
    assert (process.returncode, said) == (130, "ocr-index: interrupted; what is done is kept\n")
    assert not (home / "watch.json").exists()
