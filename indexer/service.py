"""What a system needs to run the watcher from login on: a systemd user unit, or a launchd property list."""

from __future__ import annotations

import plistlib
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

NAME = "ocr-index-watch"
LABEL = "org.ocr-index.watch"


class ServiceError(Exception):
    """There is no such thing on this system, or it will not do what it is told."""

    exit_code: ClassVar[int] = 2


@dataclass(frozen=True, slots=True)
class Service:
    """A file to be written, and the commands that make the system heed it; nothing is done here."""

    path: Path
    text: str
    start: tuple[tuple[str, ...], ...]
    """Commands to run when the file is written."""
    stop: tuple[tuple[str, ...], ...]
    """Commands to run before the file is deleted."""


def service(command: Sequence[str], home: Path, platform: str = sys.platform) -> Service:
    """The service that runs `command` for the user whose home folder is `home`.

    `command` begins with the absolute path of a program; a service has no PATH worth the name. Raises
    `ServiceError` for systems without systemd and launchd.
    """
    if platform.startswith("linux"):
        path = home / ".config" / "systemd" / "user" / f"{NAME}.service"
        systemctl = ("systemctl", "--user")
        start = ((*systemctl, "daemon-reload"), (*systemctl, "enable", "--now", path.name))
        return Service(path, systemd_unit(command), start, ((*systemctl, "disable", "--now", path.name),))
    if platform == "darwin":
        path = home / "Library" / "LaunchAgents" / f"{LABEL}.plist"
        text = launchd_plist(command, home / "Library" / "Logs" / f"{NAME}.log")
        return Service(
            path,
            text,
            (("launchctl", "load", "-w", str(path)),),
            (("launchctl", "unload", "-w", str(path)),),
        )
    raise ServiceError("only systemd and launchd are known; let your system run `ocr-index watch` at login")


Run = Callable[[Sequence[str]], None]


def run(command: Sequence[str]) -> None:
    """Have the system do it. Raises `ServiceError` with what it says."""
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
    except OSError as error:
        raise ServiceError(f"`{' '.join(command)}` cannot be run: {error.strerror}") from error
    except subprocess.CalledProcessError as error:
        raise ServiceError(
            f"`{' '.join(command)}` failed: {error.stderr.strip() or 'no reason given'}"
        ) from None


def install(service: Service, run: Run = run) -> None:
    """Write the file, and start the service now and at every login. Raises `ServiceError`."""
    service.path.parent.mkdir(parents=True, exist_ok=True)
    service.path.write_text(service.text)
    try:
        for command in service.start:
            run(command)
    except ServiceError as error:
        raise ServiceError(f"{service.path} is written, but {error}") from error


def uninstall(service: Service, run: Run = run) -> None:
    """Stop the service and delete its file. Raises `ServiceError` if it is not there or does not stop."""
    if not service.path.exists():
        raise ServiceError(f"there is no {service.path}; nothing was installed")
    try:
        for command in service.stop:
            run(command)
    finally:
        service.path.unlink()


def systemd_unit(command: Sequence[str]) -> str:
    """The text of a user unit, see systemd.service(5) and systemd.exec(5)."""
    return f"""\
[Unit]
Description=ocr-index reads new photos

[Service]
ExecStart={" ".join(map(_quoted, command))}
ExecReload=/bin/kill -HUP $MAINPID
# 130 is how it ends when it is told to stop; 2, 4 and 5 would only come again.
SuccessExitStatus=130
Restart=on-failure
RestartSec=30
RestartPreventExitStatus=2 4 5
TimeoutStopSec=10
Nice=10
IOSchedulingClass=idle

[Install]
WantedBy=default.target
"""


def _quoted(word: str) -> str:
    """One word of a command line of systemd's, which replaces `%` and `$` even between quotes."""
    word = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    word = word.replace("\n", "\\n").replace("\t", "\\t")
    return word if re.fullmatch(r"[\w@%+=:,./-]+", word, re.ASCII) else f'"{word}"'


def launchd_plist(command: Sequence[str], log: Path) -> str:
    """The text of a property list, see launchd.plist(5)."""
    return plistlib.dumps(
        {
            "Label": LABEL,
            "ProgramArguments": list(command),
            "RunAtLoad": True,
            "KeepAlive": {"SuccessfulExit": False},
            "ThrottleInterval": 30,
            "ProcessType": "Background",
            "Nice": 10,
            "LowPriorityIO": True,
            "StandardErrorPath": str(log),
        },
        sort_keys=False,
    ).decode()
