"""The real `ocr-index watch`, in a storm that is over soon, killed twice."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.skipif(sys.platform == "win32", reason="processes there cannot be told to end")
def test_a_short_storm_with_kills_leaves_the_archive_as_a_fresh_one() -> None:
    options = ["--seconds", "6", "--kills", "2", "--files", "15", "--seed", "3"]
    command = [sys.executable, "-m", "benchmarks.watch_storm", *options]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert run.stderr == ""
    assert "missed: 0, left over: 0, otherwise: 0, labels lost: 0, hidden: 0\n" in run.stdout
    assert "0 tracebacks" in run.stdout and "the doctor finds 0 faults" in run.stdout
    assert run.returncode == 0
