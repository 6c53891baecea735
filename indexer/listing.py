"""What the archive knows, as text: lines for people and for scripts."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from search.listing import json_line, place

if TYPE_CHECKING:
    from indexer.bulletin import Bulletin
    from indexer.doctor import Finding
    from indexer.models import Model
    from indexer.summary import Summary
    from indexer.tuning import Comparison
    from indexer.views import Counts, PhotoStatus, PhotoWords, StoredWord


def words_list(photo: PhotoWords) -> str:
    """For people: the place, then one line a word with its id and its readings, best first."""
    lines = [place(photo.path, photo.page)]
    for word in photo.words:
        readings = ", ".join(f"{reading.text} {reading.probability:.0%}" for reading in word.readings)
        lines.append(f"  {word.id:6}  {readings}")
    return "\n".join(lines) + "\n"


def words_json(photo: PhotoWords) -> str:
    """One object a line; `page` is there from the second page of a file on."""
    page = {"page": photo.page} if photo.page > 1 else {}
    return json_line({"path": photo.path, **page, "words": [_word(word) for word in photo.words]})


def _word(word: StoredWord) -> dict[str, Any]:
    box = word.box
    return {
        "id": word.id,
        "box": [box.x0, box.y0, box.x1, box.y1],
        "line": box.line,
        "label": word.label,
        "readings": [{"text": one.text, "probability": one.probability} for one in word.readings],
    }


def status_list(status: PhotoStatus) -> str:
    """For people: where one file stands, in a line."""
    shown = f"{status.stage:8}  {place(status.path, 1)}"
    if status.reason is not None:
        return f"{shown}: {status.reason}\n"
    if not status.pages:
        return f"{shown}\n"
    pages = f"{status.pages} pages, " if status.pages > 1 else ""
    return f"{shown}: {pages}{status.words} words, found by {status.detector}, read by {status.recognizer}\n"


def counts_list(counts: Counts, watcher: Bulletin | None = None) -> str:
    """For people: the size of the archive, and what needs their attention only where there is any."""
    lines = [
        f"{counts.files:9,} files with {counts.photos:,} photos",
        f"{counts.words:9,} words, {counts.labels:,} of them labelled",
    ]
    if counts.refused:
        lines.append(f"{counts.refused:9,} files could not be read: `ocr-index status --refused` says why")
    if counts.waiting:
        lines.append(f"{counts.waiting:9,} files are not read to the end: `ocr-index add` goes on with them")
    if counts.unindexed:
        lines.append(f"{counts.unindexed:9,} photos are not searched yet: the next `ocr-index add` mends it")
    if watcher is not None:
        lines += _watcher(watcher)
    return "\n".join(lines) + "\n"


def _watcher(said: Bulletin) -> list[str]:
    started = datetime.fromtimestamp(said.since).strftime("%Y-%m-%d %H:%M")
    if said.doing == "dead":
        head = f"process {said.process}, started {started}, died; start it again: ocr-index watch"
    else:
        counts = f"{said.queue:,} in the queue, {said.read:,} done since {started}"
        head = f"process {said.process}, {said.doing}, {counts}"
    lines = [f"  watcher  {head}", *(f"           {place(path, 1)}" for path in said.paths)]
    lines += [f"  waiting  {place(said.trouble, 1)}"] if said.trouble else []
    return lines + ([f"  trouble  {place(said.last_error, 1)}"] if said.last_error else [])


def counts_json(counts: Counts, watcher: Bulletin | None) -> str:
    """One object; `watcher` is null where none runs."""
    return json_line(asdict(counts) | {"watcher": watcher and asdict(watcher)})


def summary_list(summary: Summary) -> str:
    """For people: what became of the files, those kinds that there were."""
    kinds = {
        "new": summary.new,
        "changed": summary.changed,
        "read again": summary.reread,
        "read again from what was kept": summary.decoded,
        "moved": summary.moved,
        "copies": summary.copied,
        "unchanged": summary.unchanged,
        "gone": summary.vanished,
        "could not be read": len(summary.refused),
    }
    return (
        ", ".join(f"{count:,} {kind}" for kind, count in kinds.items() if count) or "no photos there"
    ) + "\n"


def model_list(model: Model) -> str:
    """For people: the model, a star before the one in use, and how well it reads."""
    scores = ", ".join(f"{name} {score:g}" for name, score in model.card.scores.items())
    return f"{'*' if model.in_use else ' '} {model.id}  {model.name}  {model.card.made}  {scores}\n"


def finding_list(finding: Finding) -> str:
    """For people: what was looked at, how it is, and more."""
    return f"{finding.part:9} {finding.state.value:7} {place(finding.text, 1)}\n"


def finding_json(finding: Finding) -> str:
    """One object a line."""
    return json_line({"part": finding.part, "state": finding.state.value, "text": finding.text})


def as_json(known: Counts | PhotoStatus | Summary | Model) -> str:
    """One object a line."""
    return json_line(asdict(known))


def comparison(found: Comparison) -> str:
    """What learning has brought, and whether the new weights are in use."""
    old, new, sure = found.old, found.new, found.new_sure
    lines = [
        f"learned from {found.learned} labelled words in {found.minutes:.1f} minutes",
        f"of {old.words} labelled words that it has not seen: "
        f"wrong {old.wrong:.0%} before, {new.wrong:.0%} now; "
        f"character error rate {old.character_error_rate:.3f} before, {new.character_error_rate:.3f} now",
        f"of {sure.words} words that were read surely: {sure.wrong:.0%} are read otherwise now",
        f"in use now: {found.weights}; `ocr-index reindex` reads the photos again, "
        "`ocr-index models rollback` goes back"
        if found.weights
        else "not better: the model in use stays; more labels may help",
    ]
    return "".join(line + "\n" for line in lines)
