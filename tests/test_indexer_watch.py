"""Watching folders: what the system forgets to tell, what is gone, what comes back."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import pytest
from watched import Clock, put

from indexer import events, mounts, quiet, walk, watch
from indexer.watch import RHYTHM, Batch, Rhythm, Watcher

ROOT = Path(__file__).resolve().parent.parent


class Ears:
    """Events that are told by hand."""

    deaf: OSError | None = None
    news: events.News = events.News()
    followed: int = 0

    def __init__(self) -> None:
        Ears.news, Ears.deaf, Ears.followed = events.News(), None, 0

    def __enter__(self) -> Ears:
        return self

    def __exit__(self, *_error: object) -> None:
        return None

    def follow(self, _folder: str) -> None:
        if Ears.deaf is not None:
            raise Ears.deaf
        Ears.followed += 1

    def leave(self, _folder: str) -> None:
        Ears.news = events.News()

    def take(self, _folder: str) -> events.News:
        news, Ears.news = Ears.news, events.News()
        return news


@dataclass
class Place:
    """A folder that is watched; time passes only in `after`."""

    root: Path
    clock: Clock = field(default_factory=Clock)
    watcher: Watcher = field(init=False)
    rhythm: Rhythm = RHYTHM

    def __post_init__(self) -> None:
        self.root.mkdir()
        self.watch()

    def watch(self, *known: Path, poll: bool = False) -> None:
        names = [str(path) for path in known]
        self.watcher = Watcher([self.root], walk.EVERYTHING, self.rhythm, self.clock, known=names, poll=poll)

    def put(self, name: str, content: str = "photo") -> Path:
        """Written, and the system tells of it."""
        path = put(self.root / name, content)
        Ears.news.paths.add(str(path))
        return path

    def delete(self, name: str) -> None:
        (self.root / name).unlink()
        Ears.news.paths.add(str(self.root / name))

    def after(self, seconds: float) -> tuple[list[str], list[str]]:
        """Names of what has changed and of what has vanished, in steps of a second."""
        changed: list[str] = []
        vanished: list[str] = []
        for _ in range(int(seconds)):
            self.clock.now += 1
            batch = self.watcher.step()
            changed += [path.name for path in batch.changed]
            vanished += [path.name for path in batch.vanished]
        return changed, vanished


NOTHING: tuple[list[str], list[str]] = ([], [])


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setattr(watch, "Events", Ears)
    monkeypatch.setattr(watch, "is_remote", lambda _folder: False)
    return Place(tmp_path / "photos")


def lines(caplog: pytest.LogCaptureFixture, event: str) -> list[str]:
    return [record.getMessage() for record in caplog.records if f"event={event} " in record.getMessage()]


class TestWatching:
    def test_what_lies_there_comes_when_it_is_quiet(self, place: Place) -> None:
        put(place.root / "a.jpg")
        put(place.root / "sub" / "b.jpg")
        put(place.root / "notes.txt")
        assert place.after(5) == NOTHING
        assert place.after(2) == (["a.jpg", "b.jpg"], [])
        assert place.after(1000) == NOTHING

    def test_a_file_that_grows_is_waited_for(self, place: Place) -> None:
        place.after(10)
        for size in range(4):
            place.put("a.jpg", "x" * size)
            assert place.after(4) == NOTHING
        assert place.after(3) == (["a.jpg"], [])

    def test_a_file_that_grows_unheard_is_waited_for(self, place: Place) -> None:
        path = place.put("a.jpg")
        for size in range(9):
            path.write_text("x" * size)
            assert place.after(3) == NOTHING
        assert place.after(5) == (["a.jpg"], [])

    def test_touched_changed_and_swapped_files_come_again(self, place: Place) -> None:
        path = place.put("a.jpg", "one")
        assert place.after(7) == (["a.jpg"], [])
        os.utime(path, (1, 1))
        Ears.news.paths.add(str(path))
        assert place.after(7) == (["a.jpg"], [])
        place.put("a.jpg", "two")
        os.utime(path, (1, 1))
        assert place.after(7) == (["a.jpg"], [])
        put(place.root / ".new", "six").replace(path)
        Ears.news.paths.add(str(path))
        assert place.after(7) == (["a.jpg"], [])

    def test_permission_given_makes_it_come_again(self, place: Place) -> None:
        path = place.put("a.jpg")
        path.chmod(0o200)
        assert place.after(7) == (["a.jpg"], [])
        path.chmod(0o600)
        Ears.news.paths.add(str(path))
        assert place.after(7) == (["a.jpg"], [])

    def test_times_of_day_do_not_matter(self, place: Place) -> None:
        path = place.put("a.jpg")
        for seconds in (0, 2**40):
            os.utime(path, (seconds, seconds))
            Ears.news.paths.add(str(path))
            assert place.after(7) == (["a.jpg"], [])

    def test_deleted(self, place: Place) -> None:
        place.put("a.jpg")
        place.put("b.jpg")
        place.after(7)
        place.delete("a.jpg")
        assert place.after(5) == NOTHING
        assert place.after(2) == ([], ["a.jpg"])
        assert place.after(1000) == NOTHING

    def test_deleted_and_put_back_at_once_is_not_gone(self, place: Place) -> None:
        place.put("a.jpg")
        place.after(7)
        place.delete("a.jpg")
        place.after(3)
        place.put("a.jpg", "anew")
        assert place.after(7) == (["a.jpg"], [])

    def test_never_there_for_long_is_never_told(self, place: Place) -> None:
        place.put("a.jpg")
        place.after(2)
        place.delete("a.jpg")
        assert place.after(20) == NOTHING

    def test_a_move_is_both_in_one_batch(self, place: Place) -> None:
        path = place.put("a.jpg")
        place.after(7)
        path.rename(place.root / "b.jpg")
        Ears.news.paths |= {str(path), str(place.root / "b.jpg")}
        place.after(5)
        place.clock.now += 1
        batch = place.watcher.step()
        assert (batch.changed, batch.vanished) == ((place.root / "b.jpg",), (path,))

    def test_a_folder_that_is_moved(self, place: Place) -> None:
        put(place.root / "x" / "a.jpg")
        place.after(7)
        (place.root / "x").rename(place.root / "y")
        Ears.news.folders = True
        assert place.after(9) == (["a.jpg"], ["a.jpg"])
        assert Ears.followed == 1

    def test_what_is_hidden_or_in_transfer_is_not_looked_at(self, place: Place) -> None:
        place.after(2)
        for name in (".a.jpg", "a.jpg.part", "@eaDir/a.jpg", "notes.txt"):
            place.put(name)
        place.clock.now += 1
        assert place.watcher.step() == Batch()

    def test_what_happened_while_nobody_watched(self, place: Place) -> None:
        a, b = put(place.root / "a.jpg"), place.root / "b.jpg"
        place.watch(a, b)
        changed, vanished = place.after(7)
        # Whether the archive has `a` as it is now, only the archive can say.
        assert (changed, vanished) == (["a.jpg"], ["b.jpg"])

    def test_a_storm_comes_in_batches_and_each_once(self, place: Place) -> None:
        place.after(2)
        place.root.joinpath("new").mkdir()
        names = {place.put(f"new/{number}.jpg").name for number in range(1200)}
        place.clock.now += 1
        assert place.watcher.step().waiting == 1200
        place.clock.now += 5
        batches = [place.watcher.step() for _ in range(4)]
        assert [len(batch.changed) for batch in batches] == [500, 500, 200, 0]
        assert [batch.waiting for batch in batches] == [700, 200, 0, 0]
        assert {path.name for batch in batches for path in batch.changed} == names

    def test_a_file_watched_by_its_own_name(self, place: Place) -> None:
        path = put(place.root / "scan")
        put(place.root / "other.jpg")
        place.watcher = Watcher([path], clock=place.clock)
        assert place.after(7) == (["scan"], [])
        path.write_text("changed")
        assert place.after(30) == (["scan"], [])
        path.unlink()
        assert place.after(30) == ([], ["scan"])

    def test_steps_until_it_is_stopped(self, place: Place) -> None:
        stop = threading.Event()
        path = put(place.root / "a.jpg")
        watcher = Watcher([place.root], walk.EVERYTHING, Rhythm(quiet=0))
        for batch in watch.watch(watcher, stop, tick=0):
            if batch.changed:
                assert batch.changed == (path,)
                stop.set()


class TestLostEvents:
    def test_a_full_listing_finds_what_nobody_told(self, place: Place) -> None:
        place.after(2)
        put(place.root / "a.jpg")
        assert place.after(RHYTHM.listing - 5) == NOTHING
        assert place.after(10) == (["a.jpg"], [])

    def test_what_came_with_its_folder_was_not_to_be_announced(
        self, place: Place, caplog: pytest.LogCaptureFixture
    ) -> None:
        place.root.rmdir()
        place.after(2)
        put(place.root / "a.jpg")
        assert place.after(RHYTHM.poll + 7) == (["a.jpg"], [])
        assert Ears.followed == 1 and not lines(caplog, "polling")

    def test_then_events_are_not_relied_on_for_a_while(
        self, place: Place, caplog: pytest.LogCaptureFixture
    ) -> None:
        place.after(2)
        put(place.root / "a.jpg")
        place.after(RHYTHM.listing + 10)
        assert len(lines(caplog, "polling")) == 1
        for name in ("b.jpg", "c.jpg"):
            put(place.root / name)
            assert place.after(RHYTHM.poll + 7) == ([name], [])
        assert (Ears.followed, len(lines(caplog, "polling"))) == (1, 1)
        place.after(RHYTHM.deaf)
        assert Ears.followed == 2

    def test_a_file_that_was_announced_late_is_no_proof(self, place: Place) -> None:
        place.after(2)
        path = put(place.root / "a.jpg")
        place.after(RHYTHM.listing)
        Ears.news.paths.add(str(path))
        assert place.after(7) == (["a.jpg"], [])
        put(place.root / "b.jpg")
        assert place.after(RHYTHM.poll + 7) == NOTHING

    def test_polling_from_the_start(self, place: Place) -> None:
        place.watch(poll=True)
        place.after(2)
        put(place.root / "a.jpg")
        assert place.after(RHYTHM.poll + 7) == (["a.jpg"], [])
        place.after(RHYTHM.deaf * 2)
        assert Ears.followed == 0

    def test_network_shares_are_polled(self, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(watch, "is_remote", lambda _folder: True)
        place.after(2)
        put(place.root / "a.jpg")
        assert place.after(RHYTHM.poll + 7) == (["a.jpg"], [])
        assert Ears.followed == 0

    @pytest.mark.parametrize(("number", "hint"), [(28, "max_user_watches"), (24, "max_user_instances")])
    def test_the_limits_of_the_system(
        self, place: Place, caplog: pytest.LogCaptureFixture, number: int, hint: str
    ) -> None:
        Ears.deaf = OSError(number, "limit reached")
        put(place.root / "a.jpg")
        assert place.after(7) == (["a.jpg"], [])
        place.after(RHYTHM.deaf * 3)
        [line] = lines(caplog, "polling")
        assert hint in line
        Ears.deaf = None
        place.after(RHYTHM.deaf + RHYTHM.poll)
        assert Ears.followed == 1

    def test_slow_listings_are_rarer(self, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        listings: list[float] = []

        def slow(*_args: object) -> list[Path]:
            listings.append(place.clock.now)
            place.clock.now += 30
            return []

        monkeypatch.setattr(watch, "walk", slow)
        place.after(4000)
        pauses = {later - sooner for sooner, later in pairwise(listings)}
        assert pauses == {30 + 30 / RHYTHM.share}


class TestAway:
    def test_a_folder_that_is_not_there_takes_no_photo_with_it(
        self, place: Place, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO)
        put(place.root / "a.jpg")
        put(place.root / "b.jpg")
        place.after(7)
        place.root.rename(place.root.with_name("unmounted"))
        assert place.after(RHYTHM.listing * 4) == NOTHING
        assert len(lines(caplog, "away")) == 1
        assert len(lines(caplog, "closed")) == 1
        place.root.with_name("unmounted").rename(place.root)
        (place.root / "b.jpg").unlink()
        assert place.after(RHYTHM.listing) == ([], ["b.jpg"])
        assert (len(lines(caplog, "away-over")), len(lines(caplog, "closed-over"))) == (1, 1)

    def test_an_empty_folder_on_another_device(self, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        path = put(place.root / "a.jpg")
        place.after(7)
        path.unlink()
        monkeypatch.setattr(mounts, "_device", lambda _folder: -7)
        assert place.after(RHYTHM.listing * 3) == NOTHING
        monkeypatch.undo()
        monkeypatch.setattr(watch, "Events", Ears)
        assert place.after(RHYTHM.listing + 7) == ([], ["a.jpg"])

    def test_an_empty_folder_at_the_start(self, place: Place) -> None:
        place.watch(place.root / "a.jpg")
        assert place.after(RHYTHM.listing * 2) == NOTHING
        put(place.root / "b.jpg")
        assert place.after(RHYTHM.listing * 2) == (["b.jpg"], ["a.jpg"])

    def test_the_same_disk_under_another_number(self, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        put(place.root / "a.jpg")
        put(place.root / "b.jpg")
        place.after(7)
        monkeypatch.setattr(mounts, "_device", lambda _folder: 77)
        (place.root / "b.jpg").unlink()
        assert place.after(RHYTHM.listing + 7) == ([], ["b.jpg"])

    def test_a_disk_below_the_folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        devices = {"/p": 1, "/p/a": 1, "/p/nas": 2, "/p/nas/b": 2}
        monkeypatch.setattr(mounts, "_device", devices.get)
        disks = mounts.Mounts(["/p"])
        disks.learn(devices)
        assert [disks.confirm(folder) for folder in ("/p/a", "/p/nas/b")] == ["/p", "/p/nas"]
        assert disks.missing("/p/nas/b/1.jpg") is None
        devices["/p/nas"] = 1
        assert disks.missing("/p/nas/b/1.jpg") == "/p/nas"
        assert disks.missing("/p/a/1.jpg") is None

    def test_a_file_out_of_reach_is_not_gone(self, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        path = put(place.root / "a.jpg")
        place.after(7)

        def failing(_path: str) -> quiet.State:
            raise OSError(5, "Input/output error")

        monkeypatch.setattr(watch, "state", failing)
        path.unlink()
        assert place.after(RHYTHM.listing * 2) == NOTHING


def test_a_short_storm_with_kills() -> None:
    command = [sys.executable, "-m", "benchmarks.watch_faults"]
    options = ["--seconds", "3", "--kills", "2", "--files", "40", "--seed", "5"]
    run = subprocess.run([*command, *options], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert run.stderr == ""
    assert "missed: 0, left over: 0, outdated: 0" in run.stdout
    assert run.returncode == 0
