"""What became of each file of a run: told to the archive, to whoever watches, and counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from indexer import interrupts
from indexer.archive import Archive, Look, Standing
from indexer.prepare import Claims, Known, Unreadable
from indexer.reader import Read
from indexer.reading import Sighting
from indexer.summary import Progress, Refusal, Summary
from indexer.walk import is_there


class Ledger:
    """The books of one run; used from the one thread that writes to the archive."""

    def __init__(self, archive: Archive, progress: Progress) -> None:
        self.claims = Claims()
        self._archive = archive
        self._progress = progress
        self._before: dict[str, Look] = {}
        self._twins: list[Known] = []
        self._given_up: set[str] = set()
        self._count = Counter[str]()
        self._refused: list[Refusal] = []

    def summary(self) -> Summary:
        """The run in numbers."""
        return Summary(**self._count, refused=tuple(self._refused))

    def will_open(self, sighting: Sighting, before: Look) -> None:
        """A file that must be opened, and what the archive knew of it."""
        self._before[sighting.path] = before

    def start(self) -> None:
        """All files to be opened are known."""
        self._progress.start(len(self._before))

    def unchanged(self) -> None:
        """A file that needs no opening."""
        self._count["unchanged"] += 1

    def decoded(self, photos: int) -> None:
        """Photos got new readings from what was kept of them."""
        self._count["decoded"] += photos

    def vanished(self, paths: Iterable[str]) -> None:
        """Files that are gone leave search."""
        self._count["vanished"] += self._archive.vanish(paths)

    def away(self, folder: str, photos: int) -> None:
        """The disk that is mounted at a folder is not there, so its photos stay."""
        if all(refusal.path != folder for refusal in self._refused):  # the walk may have said it
            self.refused(folder, f"not mounted, or emptied: its {photos:,} photos stay in the search")

    def out_of_reach(self, sighting: Sighting, reason: str) -> None:
        """A file or folder that could not be got at; of a mistyped path nothing is kept."""
        if not is_there(Path(sighting.path), follow=True):
            self.vanished([sighting.path])  # a link to nothing, say
        if not is_gone(sighting.path):
            self._archive.refuse(sighting, reason)
        self.refused(sighting.path, reason)

    def refused(self, path: str, reason: str) -> None:
        """Say it; the archive knows already."""
        refusal = Refusal(path, reason)
        self._refused.append(refusal)
        self._progress.refuse(refusal)

    def enter(self, outcome: Read | Known | Unreadable) -> None:
        """Keep what came out for a file, or for one page of it."""
        match outcome:
            case Read():
                self._add(outcome)
            case Known(in_hand=True):
                self._twins.append(outcome)
            case Known():
                self.claims.release(outcome.sha256)
                self._attach(outcome)
            case Unreadable():
                self._give_up(outcome)

    def finish(self) -> None:
        """Settle the copies of files that were in hand when the copies were met."""
        for twin in self._twins:
            self._attach(twin)

    def _add(self, read: Read) -> None:
        page = read.prepared
        if page.sighting.path in self._given_up:
            return
        self._archive.add(page.sighting, page.page, read.reading, page.pages)
        if page.pages is not None:
            self.claims.release(page.page.sha256)
            self._done(page.sighting.path, self._kind(page.sighting.path))

    def _attach(self, known: Known) -> None:
        path = known.sighting.path
        others = self._archive.attach(known.sighting, known.sha256)
        reason = self._archive.look(known.sighting).reason
        gone = [other for other in others if is_gone(other)]
        if reason is not None:
            self.refused(path, reason)
            self._done(path)
        elif self._before[path].sha256 == known.sha256:
            self._done(path, "unchanged")
        elif gone:
            self._archive.vanish(gone)
            self._done(path, "moved")
        else:
            self._done(path, "copied" if others else self._kind(path))

    def _give_up(self, outcome: Unreadable) -> None:
        path = outcome.sighting.path
        if outcome.sha256 is not None:
            self.claims.release(outcome.sha256)
        if path not in self._given_up:
            self._given_up.add(path)
            self._archive.refuse(
                outcome.sighting, outcome.reason, outcome.sha256 if outcome.damaged else None
            )
            self.refused(path, outcome.reason)
            self._done(path)

    def _kind(self, path: str) -> str:
        return _KINDS[self._before[path].standing]

    def _done(self, path: str, kind: str | None = None) -> None:
        if kind is not None:
            self._count[kind] += 1
        self._progress.advance(path)
        interrupts.check()


_KINDS = {
    Standing.NEW: "new",
    Standing.CHANGED: "changed",
    Standing.SAME: "reread",
    Standing.REFUSED: "reread",
}


def is_gone(path: str) -> bool:
    """Whether nothing lies at `path`; what only cannot be looked at is not gone."""
    return not is_there(Path(path))
