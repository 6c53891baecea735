"""Services that run the watcher: what systemd and launchd read back is the command that was meant."""

from __future__ import annotations

import plistlib
import shlex
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.service import ServiceError, launchd_plist, service, systemd_unit

COMMAND = ("/opt/ocr index/bin/ocr-index", "watch", '/photos/100% "new"', "/a$b\\c")


def started(unit: str) -> str:
    [line] = [line for line in unit.splitlines() if line.startswith("ExecStart=")]
    return line.removeprefix("ExecStart=")


def test_a_unit_of_systemd() -> None:
    assert started(systemd_unit(COMMAND)) == (
        r'"/opt/ocr index/bin/ocr-index" watch "/photos/100%% \"new\"" "/a$$b\\c"'
    )


@given(st.lists(st.text("ab /\\\"'%$\n\tä;#{}*", min_size=1), min_size=1, max_size=4))
def test_any_path_survives_the_quoting(command: list[str]) -> None:
    read = started(systemd_unit(command)).replace("%%", "%").replace("$$", "$")
    words = [word.replace("\\n", "\n").replace("\\t", "\t") for word in shlex.split(read)]
    # shlex knows no \n inside of quotes, so a backslash before an n cannot be told from it here.
    if not any("\\" in word for word in command):
        assert words == command


def test_a_list_of_launchd() -> None:
    values = plistlib.loads(launchd_plist(COMMAND, Path("/logs/<a&b>.log")).encode())
    assert values["ProgramArguments"] == list(COMMAND)
    assert values["StandardErrorPath"] == "/logs/<a&b>.log"


def test_where_it_lies_and_what_makes_it_run() -> None:
    linux = service(COMMAND, Path("/h"), "linux")
    assert linux.path == Path("/h/.config/systemd/user/ocr-index-watch.service")
    assert linux.start[-1] == ("systemctl", "--user", "enable", "--now", "ocr-index-watch.service")
    apple = service(COMMAND, Path("/h"), "darwin")
    assert apple.path == Path("/h/Library/LaunchAgents/org.ocr-index.watch.plist")
    assert apple.stop == (("launchctl", "unload", "-w", str(apple.path)),)
    with pytest.raises(ServiceError, match="systemd and launchd"):
        service(COMMAND, Path("/h"), "win32")
