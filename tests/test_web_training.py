"""Training from the page: a process of its own that says how far it is, and models to choose from."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from visitors import NO_LEARNER, PLACE, filled_archive, taught_archive, toy_weights, visitor

from indexer import choice
from web.app import make_app
from web.guard import Access
from web.training import Trainer, TrainingRuns

SPEAKS = """import sys
print('{"progress": {"step": "gathering"}}', flush=True)
print('{"note": "a photo is gone"}', flush=True)
sys.stdin.read()
"""
SPEAKER = (sys.executable, "-c", SPEAKS)
"""A learner that begins, and waits to be stopped."""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return taught_archive(tmp_path / "archive")


@pytest.fixture
def client(home: Path) -> Iterator[TestClient]:
    with visitor(home) as client:
        yield client


@pytest.fixture
def trainer(tmp_path: Path) -> Iterator[Trainer]:
    trainer = Trainer(tmp_path, SPEAKER)
    yield trainer
    trainer.close()


def heard(trainer: Trainer) -> None:
    """Wait until the learner has said what it has to say."""
    end = time.monotonic() + 60
    while not trainer.state().notes:
        assert time.monotonic() < end and trainer.state().state == "running"
        trainer.wait(0.02)


def ended(client: TestClient) -> dict[str, Any]:
    """What is said of the training when it runs no more."""
    end = time.monotonic() + 120
    while (now := client.get("/api/train").json())["state"] == "running":
        assert time.monotonic() < end
        time.sleep(0.05)
    return dict(now)


def test_labels_are_learned_measured_and_taken_back(home: Path, client: TestClient) -> None:
    toy = choice.history(home)[-1]
    before = client.get("/api/train").json()
    assert before["state"] == "idle" and before["labels"] == 24 >= before["needed"]
    assert client.post("/api/train", json={}).status_code == 202
    now = ended(client)
    assert now["state"] == "done", now
    assert [one["words"] for one in now["progress"]["checkpoints"]] == [16, 32, 48, 64]
    compared = now["compared"]
    assert compared["old"] == now["progress"]["before"] and compared["new"]["words"] == 8
    assert compared["learned"] == 16 and compared["said"] and compared["promoted"]
    models = client.get("/api/models").json()
    [used] = [one for one in models["models"] if one["in_use"] and one["kind"] == "recognizer"]
    assert (
        models["before"].startswith("recognizer-") and used["photos"] == 0 and used["id"] != models["before"]
    )
    assert client.post("/api/models/rollback", json={}).json()["before"] is not None
    assert choice.history(home)[-1] == toy


def test_there_is_one_training_at_a_time_and_it_can_be_stopped(trainer: Trainer) -> None:
    trainer.start()
    heard(trainer)
    with pytest.raises(TrainingRuns, match="under way"):
        trainer.start()
    assert trainer.state().progress == {"step": "gathering"} and trainer.state().notes == ("a photo is gone",)
    assert trainer.stop().state == "stopping"
    trainer.wait()
    assert trainer.state().state == "stopped" and trainer.state().ended is not None
    assert trainer.stop().state == "stopped"
    assert trainer.start().state == "running"


def test_a_training_ends_with_the_server(home: Path) -> None:
    app = make_app(home, Access(), learner=SPEAKER)
    with TestClient(app, base_url=PLACE) as client:
        assert client.post("/api/train", json={}).status_code == 202
        trainer = app.state.desk.trainer
        heard(trainer)
    assert trainer.state().state == "stopped"


def test_a_training_ends_even_when_the_server_is_killed(tmp_path: Path) -> None:
    script = f"""import sys, time
from web.training import Trainer
trainer = Trainer({str(tmp_path)!r}, {SPEAKER!r})
trainer.start()
print(trainer._process.pid, flush=True)
time.sleep(600)
"""
    root = str(Path(__file__).resolve().parent.parent)
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": root}
    ) as server:
        assert server.stdout
        learner = int(server.stdout.readline())
        server.kill()
    end = time.monotonic() + 60
    while is_alive(learner):
        assert time.monotonic() < end


def is_alive(process: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False


def test_a_learner_that_breaks_off_is_told_of(home: Path) -> None:
    app = make_app(home, Access(), learner=NO_LEARNER)
    with TestClient(app, base_url=PLACE) as client:
        client.post("/api/train", json={})
        now = ended(client)
        assert now["state"] == "failed" and "broken off" in now["reason"]


def test_what_cannot_be_learned_is_said_at_once(tmp_path: Path) -> None:
    with visitor(filled_archive(tmp_path / "archive")) as client:
        answer = client.post("/api/train", json={})
        assert answer.status_code == 409 and "20 are needed" in answer.json()["error"]
        assert client.get("/api/train").json()["state"] == "idle"
        assert "0 of 20 words" in client.get("/training").text


def test_only_recognizers_of_the_archive_are_used(home: Path, client: TestClient, tmp_path: Path) -> None:
    models = client.get("/api/models").json()
    assert models["others"] == {"light detector 1": 6, "light recognizer 1": 6} and not models["fixed"]
    ids: dict[str, Any] = {one["name"]: one["id"] for one in models["models"]}
    shipped = client.post("/api/models/use", json={"model": ids["default"]}).json()
    assert (
        next(one["name"] for one in shipped["models"] if one["in_use"] and one["kind"] == "recognizer")
        == "default"
    )
    assert shipped["before"] == next(
        one["id"] for one in models["models"] if one["name"].endswith("toy.safetensors")
    )
    elsewhere = toy_weights(tmp_path / "elsewhere.safetensors", seed=2)
    for name in (ids["network"], str(elsewhere), "../toy", "default", ""):
        assert client.post("/api/models/use", json={"model": name}).status_code == 404
    assert choice.history(home)[-1] == "default"


def test_without_a_model_before_there_is_no_way_back(tmp_path: Path) -> None:
    with visitor(filled_archive(tmp_path / "archive")) as client:
        assert client.get("/api/models").json()["before"] is None
        answer = client.post("/api/models/rollback", json={})
        assert answer.status_code == 409 and "no other model" in answer.json()["error"]


def test_what_the_settings_name_is_said_to_be_fixed(home: Path, client: TestClient) -> None:
    toy = choice.history(home)[-1]
    choice.use(home, "default")
    (home / "settings.toml").write_text(f"recognizer = '{toy}'")
    assert client.get("/api/models").json()["fixed"]
    (home / "settings.toml").write_text("recogniser = 1")
    answer = client.get("/api/models")
    assert answer.status_code == 503 and "unknown setting" in answer.json()["error"]
