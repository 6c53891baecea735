"""The watcher's loop over real files: what it reads, keeps, forgets, waits for, and says."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from light import board, empty_archive, light

from indexer import bulletin, interrupts, mounts, tending
from indexer.archive import Archive, ArchiveBusy
from indexer.bulletin import Bulletin
from indexer.lock import is_watched, watcher_lock
from indexer.pipeline import Models
from indexer.schema import ArchiveError, OutOfReach
from indexer.settings import Settings, SettingsError
from indexer.tending import MEANS, Means, Tender, Warm, open_patiently
from indexer.watch import Rhythm


class Enough(Exception):
    """The test has seen what it wanted."""


@dataclass
class Days:
    """Time that passes only in naps; something may be done in each."""

    archive: Archive
    photos: Path
    now: float = 0.0
    deeds: list[Callable[[], object]] = field(default_factory=list)
    loaded: int = 0
    settings: Settings = field(default_factory=lambda: Settings(threads=1))
    pause: float = 60.0
    next_deed: float = 0.0

    def nap(self, seconds: float) -> None:
        self.now += seconds

    def nap_between(self, seconds: float) -> None:
        self.nap(seconds)
        if self.now >= self.next_deed:
            if not self.deeds:
                raise Enough
            self.deeds.pop(0)()
            self.next_deed = self.now + self.pause

    def models(self, settings: Settings) -> Models:
        self.loaded += 1
        return light(settings)

    def tender(self) -> Tender:
        means = Means(Rhythm(), lambda: self.now, self.nap_between, self.models)
        return Tender(self.archive, [self.photos], lambda: self.settings, poll=True, means=means)

    def pass_by(
        self, *deeds: Callable[[], object], pause: float = 60.0, tender: Tender | None = None
    ) -> None:
        """Tend, doing one deed after each `pause`, until one more has passed."""
        self.deeds, self.pause, self.next_deed = list(deeds), pause, self.now + pause
        with pytest.raises(Enough):
            (tender or self.tender()).run()

    def read(self) -> dict[str, str]:
        return {
            str(Path(page.path).relative_to(self.photos)): " ".join(w.readings[0].text for w in page.words)
            for page in self.archive.words()
        }


@pytest.fixture
def days(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Iterator[Days]:
    caplog.set_level(logging.INFO, "indexer")
    (tmp_path / "photos").mkdir()
    with empty_archive(tmp_path / "home") as archive:
        yield Days(archive, tmp_path / "photos")


def said(caplog: pytest.LogCaptureFixture, event: str) -> list[str]:
    return [line for line in caplog.messages if line.startswith(f"event={event} ")]


def test_what_lies_there_and_what_becomes_of_it(days: Days) -> None:
    one = board(days.photos / "one.png", "one")
    days.pass_by(
        lambda: board(days.photos / "two.png", "two"),
        lambda: one.rename(days.photos / "moved.png"),
        lambda: board(days.photos / "two.png", "other"),
        lambda: (days.photos / "moved.png").unlink(),
    )
    assert days.read() == {"two.png": "other"}
    assert days.loaded == 1


def test_a_moved_photo_is_told_as_moved_and_needs_no_models(
    days: Days, caplog: pytest.LogCaptureFixture
) -> None:
    one = board(days.photos / "one.png", "one")
    days.pass_by()
    days.pass_by(lambda: one.rename(days.photos / "moved.png"))
    assert days.read() == {"moved.png": "one"}
    assert days.loaded == 1
    assert "moved=1 " in said(caplog, "read")[-1]


def test_what_was_deleted_while_nobody_watched(days: Days) -> None:
    one = board(days.photos / "one.png", "one")
    board(days.photos / "two.png", "two")
    days.pass_by()
    one.unlink()
    days.pass_by()
    assert days.read() == {"two.png": "two"}


def test_a_damaged_photo_is_said_once_and_read_when_it_is_replaced(
    days: Days, caplog: pytest.LogCaptureFixture
) -> None:
    bad = days.photos / "bad.png"
    bad.write_bytes(b"\x89PNG and no more")
    days.pass_by(bad.touch, bad.touch)
    assert len(said(caplog, "refused")) == 1 and str(bad) in said(caplog, "refused")[0]
    assert [status.stage for status in days.archive.status()] == ["refused"]
    days.pass_by(lambda: board(bad, "good"))
    assert days.read() == {"bad.png": "good"}


def test_a_folder_that_cannot_be_looked_at_shows_in_status_until_it_can(days: Days) -> None:
    gone = days.photos.with_name("away")
    days.photos.rename(gone)
    reasons: list[str | None] = []
    days.pass_by(
        lambda: reasons.extend(status.reason for status in days.archive.status()),
        lambda: gone.rename(days.photos),
    )
    assert reasons == ["no such file or folder"]
    assert list(days.archive.status()) == []


def test_photos_of_a_disk_that_is_away_stay_even_over_a_new_start(days: Days) -> None:
    card = days.photos / "card"
    photo = board(card / "one.png", "one")
    board(days.photos / "two.png", "two")
    mounts.remember(days.archive.home, {str(card)})
    days.pass_by()
    content = photo.read_bytes()
    photo.unlink()
    days.pass_by()
    assert days.read() == {"card/one.png": "one", "two.png": "two"}
    days.pass_by(lambda: photo.write_bytes(content), photo.unlink)
    assert days.loaded == 1


def test_it_waits_for_another_writer_and_says_so_once(
    days: Days, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tending, "PATIENCE", 0.0)
    board(days.photos / "one.png", "one")
    states: list[Bulletin | None] = []
    with Archive.open(days.archive.home) as other:
        busy = other.writing()
        busy.__enter__()
        days.pass_by(
            lambda: states.append(bulletin.latest(days.archive.home)),
            lambda: busy.__exit__(None, None, None),
        )
    assert len(said(caplog, "waiting")) == 1 and len(said(caplog, "waiting-over")) == 1
    assert states[0] is not None and states[0].doing == "waiting" and "process" in str(states[0].trouble)
    assert days.read() == {"one.png": "one"}


def test_a_full_disk_is_waited_for_and_nothing_is_missed(
    days: Days, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    board(days.photos / "one.png", "one")
    add = Archive.add

    def full(*_: object) -> None:
        raise OutOfReach("the disk is full")

    monkeypatch.setattr(Archive, "add", full)
    days.pass_by(lambda: None, lambda: monkeypatch.setattr(Archive, "add", add))
    assert len(said(caplog, "waiting")) == 1
    assert days.read() == {"one.png": "one"}


def test_a_damaged_archive_ends_it(days: Days, monkeypatch: pytest.MonkeyPatch) -> None:
    def damaged(*_: object) -> None:
        raise ArchiveError("it is damaged")

    monkeypatch.setattr(Archive, "look", damaged)
    board(days.photos / "one.png", "one")
    with pytest.raises(ArchiveError, match="damaged"):
        tending.Tender(
            days.archive,
            [days.photos],
            Settings,
            poll=True,
            means=Means(Rhythm(), lambda: days.now, days.nap),
        ).run()
    assert bulletin.latest(days.archive.home) is None


def test_settings_are_read_again_and_bad_ones_are_not_heeded(
    days: Days, caplog: pytest.LogCaptureFixture
) -> None:
    board(days.photos / "one.png", "one")
    tender = days.tender()

    def change() -> None:
        days.settings = Settings(threads=1, exclude=("draft*",))
        board(days.photos / "draft.png", "draft")
        tender.reload()

    days.pass_by(change, tender=tender)
    assert days.read() == {"one.png": "one"}
    assert said(caplog, "reloaded") == [] and "event=reloaded" in caplog.messages

    def bad() -> Settings:
        raise SettingsError("mend it")

    def break_them() -> None:
        tender._load_settings = bad
        tender.reload()

    days.pass_by(break_them, lambda: board(days.photos / "draft2.png", "draft"), tender=tender)
    assert days.read() == {"one.png": "one"}
    assert len(said(caplog, "settings")) == 1


def test_one_watcher_an_archive_which_says_what_it_does(days: Days) -> None:
    home = days.archive.home
    seen = []

    def look() -> None:
        seen.append(bulletin.latest(home))
        with pytest.raises(ArchiveBusy, match="is watched by process"):
            days.tender().run()

    board(days.photos / "one.png", "one")
    days.pass_by(look)
    assert seen[0] is not None
    assert (seen[0].doing, seen[0].queue, seen[0].read) == ("watching", 0, 1)
    assert bulletin.latest(home) is None and not is_watched(home)


def test_an_archive_whose_disk_is_away_at_the_start_is_waited_for(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    disk = tmp_path / "disk"
    disk.write_text("no folder yet")
    naps: list[float] = []

    def nap(seconds: float) -> None:
        naps.append(seconds)
        if len(naps) == 6:
            disk.unlink()

    with open_patiently(disk / "home", replace(MEANS, nap=nap)) as archive:
        assert archive.counts().files == 0
    assert naps == [1, 2, 4, 8, 10, 10]
    assert len(said(caplog, "waiting")) == 1


def test_the_last_error_is_shown_until_it_is_over(days: Days) -> None:
    home, errors = days.archive.home, []

    def look() -> None:
        errors.append(getattr(bulletin.latest(home), "last_error", "none"))

    bad = days.photos / "bad.png"
    bad.write_bytes(b"\x89PNG and no more")
    days.pass_by(look, lambda: board(bad, "good"), look)
    assert str(bad) in errors[0] and errors[1] is None


def test_a_watcher_that_was_killed_is_told_from_one_that_lives(tmp_path: Path) -> None:
    bulletin.Board(tmp_path, ["/photos"]).say(doing="reading")
    found = bulletin.latest(tmp_path)
    assert found is not None and found.doing == "dead"
    with watcher_lock(tmp_path):
        found = bulletin.latest(tmp_path)
        assert found is not None and found.doing == "reading"


def test_models_are_let_go_after_long_and_loaded_again(days: Days) -> None:
    board(days.photos / "one.png", "one")
    days.pass_by(
        lambda: board(days.photos / "two.png", "two"),
        lambda: None,
        lambda: board(days.photos / "three.png", "three"),
        pause=2 * tending.IDLE,
    )
    assert days.loaded == 3
    assert len(days.read()) == 3


def test_other_models_in_the_settings_are_loaded() -> None:
    loaded = []

    def load(settings: Settings) -> Models:
        loaded.append(settings.recognizer)
        return light(settings)

    warm = Warm(load, lambda: 0.0)
    assert warm(Settings()) is warm(Settings(batch=7))
    warm(Settings(recognizer="other"))
    assert loaded == ["default", "other"]


def test_a_storm_is_read_in_slices_between_which_others_may_write(
    days: Days, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(tending.SLICE + 3):
        board(days.photos / f"{number}.png", "word")
    turns = []
    nap = days.nap_between

    def take_turn(seconds: float) -> None:
        if seconds == tending.TURN:
            with Archive.open(days.archive.home) as other, other.writing():
                turns.append(len(days.read()))
        nap(seconds)

    monkeypatch.setattr(days, "nap_between", take_turn)
    days.pass_by()
    assert turns[0] == tending.SLICE
    assert len(days.read()) == tending.SLICE + 3


def test_an_interrupt_waits_for_the_index_and_is_never_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interrupts._Wish, "to_end", False)
    done = []
    with pytest.raises(KeyboardInterrupt), interrupts.held():
        interrupts._interrupt(2, None)
        interrupts.check()
        done.append("all of it")
    assert done == ["all of it"]
    with pytest.raises(KeyboardInterrupt):
        interrupts.check()  # whoever swallowed the first one
