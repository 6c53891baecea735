"""The training that a person has started from the page: one at a time, followed, stopped when they want."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock, Thread, Timer
from typing import Any, ClassVar

LEARNER = (sys.executable, "-P", "-m", "web.learner")
"""The program that learns; the folder of the archive comes last."""

PATIENCE = 10.0
"""Seconds to tidy up in when it is stopped; then it is killed."""


class TrainingRuns(Exception):
    """A training is under way."""

    exit_code: ClassVar[int] = 6


@dataclass(frozen=True, slots=True)
class Training:
    """How a training stands, or how the last one has ended."""

    state: str = "idle"
    """`idle`, `running`, `stopping`, `done`, `stopped` or `failed`."""
    began: float | None = None
    """Unix seconds."""
    ended: float | None = None
    progress: Mapping[str, Any] | None = None
    """An `indexer.tuning.Progress`."""
    notes: tuple[str, ...] = ()
    """Photos that could not be opened, and why."""
    compared: Mapping[str, Any] | None = None
    """Old and new weights, when it is done."""
    reason: str = ""
    """Why it failed."""


class Trainer:
    """Trains for one archive. Safe for threads."""

    def __init__(self, home: Path, program: Sequence[str] = LEARNER) -> None:
        self._command = [*program, str(home)]
        self._lock = Lock()
        self._now = Training()
        self._process: subprocess.Popen[str] | None = None
        self._follower: Thread | None = None

    def state(self) -> Training:
        """How it stands."""
        with self._lock:
            return self._now

    def start(self) -> Training:
        """Begin. Raises `TrainingRuns`."""
        with self._lock:
            if self._now.state in ("running", "stopping"):
                raise TrainingRuns("a training is under way; wait for its end, or stop it")
            self._process = _begun(self._command)
            self._now = Training("running", began=time.time())
            self._follower = Thread(target=self._follow, args=(self._process,), daemon=True)
            self._follower.start()
            return self._now

    def stop(self) -> Training:
        """End it soon; everything stays as it was. Nothing happens when none runs."""
        with self._lock:
            if self._now.state == "running" and self._process and self._process.stdin:
                self._now = replace(self._now, state="stopping")
                self._process.stdin.close()
                last = Timer(PATIENCE, self._process.kill)
                last.daemon = True
                last.start()
            return self._now

    def wait(self, seconds: float | None = None) -> None:
        """Until it has ended, or so long."""
        if self._follower:
            self._follower.join(seconds)

    def close(self) -> None:
        """The server ends: so does the training."""
        self.stop()
        self.wait()

    def _follow(self, process: subprocess.Popen[str]) -> None:
        """Note what it says, until it has ended."""
        with process:
            assert process.stdout
            for line in process.stdout:
                with self._lock:
                    self._now = _heard(self._now, json.loads(line))
        with self._lock:
            self._now = replace(_ended(self._now), ended=time.time())


def _begun(command: Sequence[str]) -> subprocess.Popen[str]:
    """The learner, which finds the modules that this process finds."""
    finds = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=finds, stdin=pipe, stdout=pipe, text=True, encoding="utf-8")


def _heard(now: Training, said: Mapping[str, Any]) -> Training:
    """The state after a line of the learner."""
    if "note" in said:
        return replace(now, notes=(*now.notes, said["note"]))
    if "failed" in said:
        return replace(now, reason=said["failed"])
    return replace(now, **said)


def _ended(now: Training) -> Training:
    """The state when the learner is gone."""
    if now.compared:
        return replace(now, state="done")
    if now.state == "stopping":
        return replace(now, state="stopped")
    reason = now.reason or "the training has broken off; the window of the server says more"
    return replace(now, state="failed", reason=reason)
