"""Asking for words in the terminal: a picture, the likeliest readings, a keystroke."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import click

from indexer.crops import crop, open_page
from indexer.labelling import Placed
from indexer.photo import Photo, PhotoError
from indexer.queries import frequencies
from indexer.terminal import blocks

if TYPE_CHECKING:
    from indexer.archive import Archive
    from indexer.asking import Question

AT_ONCE = 20
"""Questions fetched in one go: answers change what is best to ask next."""

LINES, LINES_ALIKE = 12, 4
"""Height of a word's picture, and of the words that look like it."""

COMMANDS = "snuq"
ENTER, BACKSPACE, ESCAPE = ("\r", "\n", ""), ("\x7f", "\b"), "\x1b"
HELP = "digit or Enter: that reading   type: what it is   n: no word   s: skip   u: undo   q: quit"


def ask(archive: Archive, count: int | None, by: str, together: bool) -> None:
    """Ask until `count` questions are answered, nothing is left, or the person has had enough."""
    Dialogue(archive, by, _keys if sys.stdin.isatty() else _lines).hold(count, together)


class Dialogue:
    """One sitting: what was asked, what was skipped, how long it took."""

    def __init__(self, archive: Archive, by: str, answer: Callable[[], str]) -> None:
        self._archive = archive
        self._by = by
        self._answer = answer
        self._skipped: set[int] = set()
        self._labelled = 0
        self._asked: list[Question] = []
        self._open = lru_cache(maxsize=2)(open_page)

    def hold(self, count: int | None, together: bool) -> None:
        """Questions and answers; at the end how many words were labelled, and in what time."""
        begun = time.monotonic()
        click.echo(HELP, err=True)
        left = sys.maxsize if count is None else count
        while left > 0:
            asked_for = frequencies(self._archive.home)
            questions = self._archive.labels.ask(min(AT_ONCE, left), self._skipped, asked_for, together)
            if not questions:
                click.echo("no words are left to ask for", err=True)
                break
            left -= len(questions)
            if not self._go_through(questions):
                break
        seconds = time.monotonic() - begun
        pace = f", {seconds / self._labelled:.1f} seconds a word" if self._labelled else ""
        click.echo(f"{self._labelled} words labelled{pace}", err=True)

    def _go_through(self, questions: Sequence[Question]) -> bool:
        """Whether to go on after these."""
        waiting = [*reversed(questions)]
        while waiting:
            question = waiting.pop()
            action = self._put(question)
            if action == "q":
                return False
            if action == "u":
                waiting.append(question)
                waiting += self._undo()
        return True

    def _put(self, question: Question) -> str:
        """Ask one question; returns the command that was given, "" for an answer."""
        first, *others = self._archive.labels.words(question.words)
        self._show(first, LINES)
        texts = [reading.text for reading in first.word.readings]
        self._show_readings(first, len(others))
        while True:
            typed = self._answer()
            if typed == "s":
                self._skipped.add(first.word.id)
            if typed in ("s", "u", "q"):
                return typed
            text = _meant(typed, texts)
            if text is not None:
                break
            click.echo("there is no such reading", err=True)
        same = self._same(others, question) if text == question.text else []
        self._archive.labels.set([first.word.id, *same], text, self._by)
        click.echo(f"= {text or '(no word)'}" + (f", {1 + len(same)} times" if same else ""))
        self._labelled += 1 + len(same)
        self._asked.append(question)
        return ""

    def _same(self, others: Sequence[Placed], question: Question) -> list[int]:
        """Which of the words that look alike say the same."""
        if not others:
            return []
        for number, other in enumerate(others, 1):
            click.echo(f"{number}:")
            self._show(other, LINES_ALIKE)
        click.echo(f"Enter if all say {question.text}, else the numbers of those that do not; s for none")
        typed = _line() if self._answer is _keys else self._answer()
        if typed == "s":
            return []
        wrong = {int(part) for part in typed.replace(",", " ").split() if part.isdecimal()}
        return [other.word.id for number, other in enumerate(others, 1) if number not in wrong]

    def _undo(self) -> list[Question]:
        """Take the last answer of this sitting back; returns its question, to be asked again."""
        if not self._asked:
            click.echo("nothing has been answered yet", err=True)
            return []
        taken = self._archive.labels.undo(self._by)
        click.echo(f"taken back: {taken[0].text or '(no word)'}")
        self._labelled -= len(taken)
        return [self._asked.pop()]

    def _show(self, placed: Placed, lines: int) -> None:
        try:
            photo: Photo = self._open(Path(placed.path), placed.page)
        except PhotoError as error:
            click.echo(f"no picture: {error}", err=True)
            return
        columns = shutil.get_terminal_size().columns
        colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        click.echo(blocks(crop(photo, placed.word.box), columns, lines, colour), nl=False, color=colour)

    def _show_readings(self, placed: Placed, others: int) -> None:
        hints = {hint.text: hint.source for hint in placed.word.suggestions}
        shown = [
            f"{number} {reading.text} {reading.probability:.0%}"
            + (f" ({hints[reading.text]})" if reading.text in hints else "")
            for number, reading in enumerate(placed.word.readings[:9], 1)
        ]
        click.echo(f"{'   '.join(shown) or '(no reading)'}" + (f"   [{others} look alike]" if others else ""))
        click.echo(click.style(placed.path, dim=True))


def _meant(typed: str, texts: Sequence[str]) -> str | None:
    """The text that an answer stands for: '' for no word; None for a reading that there is not."""
    if typed == "n":
        return ""
    if typed.startswith("="):
        return typed[1:].strip() or None
    if typed == "" or (typed.isdecimal() and len(typed) == 1):
        number = int(typed or "1")
        return texts[number - 1] if 1 <= number <= len(texts) else None
    return typed.strip() or None


def _lines() -> str:
    """The next line of the input; its end ends the questions."""
    line = sys.stdin.readline()
    return line.strip() if line else "q"


def _keys() -> str:
    """A command or a digit is one keystroke; anything else begins a text, which Enter ends."""
    key = click.getchar()
    if key in ENTER:
        return ""
    if key in "\x03\x04":
        return "q"
    if key.isdecimal() or key in COMMANDS:
        return key
    return _line("" if not key.isprintable() else key)


def _line(text: str = "") -> str:
    """A line typed key by key, beginning with `text`; Escape begins it anew."""
    click.echo(text, nl=False)
    while (key := click.getchar()) not in ENTER:
        if key in BACKSPACE or key == ESCAPE:
            gone = len(text) if key == ESCAPE else min(1, len(text))
            text = text[: len(text) - gone]
            click.echo("\b \b" * gone, nl=False)
        elif key.isprintable():
            text += key
            click.echo(key, nl=False)
    click.echo()
    return text.strip()
