"""What the system tells of folders, and which of these are remote."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from watchdog.events import DirMovedEvent, FileCreatedEvent, FileMovedEvent
from watched import put

from indexer import events


class TestEvents:
    def test_what_a_folder_tells(self, tmp_path: Path) -> None:
        handler = events._Handler()
        handler.on_any_event(FileCreatedEvent("/p/a.jpg"))
        handler.on_any_event(FileMovedEvent(b"/p/b.jpg", b"/p/\xff.jpg"))
        news = handler.take()
        assert (news.paths, news.folders) == ({"/p/a.jpg", "/p/b.jpg", os.fsdecode(b"/p/\xff.jpg")}, False)
        handler.on_any_event(DirMovedEvent("/p/x", "/p/y"))
        assert handler.take() == events.News(set(), True)
        assert handler.take() == events.News()

    def test_more_than_can_be_noted(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(events, "MOST", 3)
        handler = events._Handler()
        for number in range(5):
            handler.on_any_event(FileCreatedEvent(f"/p/{number}.jpg"))
        news = handler.take()
        assert (len(news.paths), news.folders) == (3, True)

    def test_the_system_itself(self, tmp_path: Path) -> None:
        put(tmp_path / "sub" / "a.jpg")
        heard: set[str] = set()
        with events.Events() as ears:
            ears.follow(str(tmp_path))
            path = put(tmp_path / "sub" / "b.jpg")
            for _ in range(1000):
                heard |= ears.take(str(tmp_path)).paths
                if str(path) in heard:
                    break
                threading.Event().wait(0.01)
            ears.leave(str(tmp_path))
            assert ears.take(str(tmp_path)) == events.News()
        assert heard == {str(path)}

    def test_a_folder_that_is_not_there(self, tmp_path: Path) -> None:
        with events.Events() as ears, pytest.raises(OSError) as caught:
            ears.follow(str(tmp_path / "gone"))
        assert events.reason(caught.value)

    def test_which_folders_are_remote(self, tmp_path: Path) -> None:
        table = put(tmp_path / "mounts", "\n".join([
            "/dev/sda1 / ext4 rw 0 0", "nas:/p /mnt/the\\040nas nfs4 rw 0 0",
            "/dev/sdb1 /mnt/the\\040nas/disk ext4 rw", "me@host: /mnt/ssh fuse.sshfs rw",
            "/dev/sdc1 /mnt/stick fuseblk rw", "nas:/q /mnt/over cifs rw",
            "tmpfs /mnt/over tmpfs rw",
        ]))  # fmt: skip
        remote = ["/mnt/the nas", "/mnt/the nas/x", "/mnt/ssh/x"]
        local = ["/", "/mnt/x", "/mnt/the nastier", "/mnt/the nas/disk/x", "/mnt/stick", "/mnt/over/x"]
        assert [folder for folder in remote + local if events.is_remote(folder, table)] == remote
        assert not events.is_remote("/mnt/ssh", tmp_path / "gone")
