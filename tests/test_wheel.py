"""The wheel, built and installed elsewhere: what a user gets, without the checkout to lean on."""

from __future__ import annotations

import ast
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont

ROOT = Path(__file__).resolve().parent.parent
ROOMS = {"cli", "detector", "indexer", "migrations", "recognizer", "search", "web"}


def run(*command: str | Path, cwd: Path) -> str:
    """What `command` prints, with nothing of this process's Python paths around it."""
    inherited = {
        key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "OCR_INDEX"))
    }
    done = subprocess.run([*map(str, command)], cwd=cwd, env=inherited, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy of the tree, so that nothing is left behind in it."""
    copy, built = tmp_path_factory.mktemp("copy"), tmp_path_factory.mktemp("built")
    for name in run("git", "ls-files", "-co", "--exclude-standard", cwd=ROOT).splitlines():
        if (ROOT / name).is_file() and not name.startswith(("tests/", "samples/", "docs/")):
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, copy / name)
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", built, cwd=copy)
    return next(built.glob("*.whl"))


@pytest.fixture(scope="module")
def programs(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the commands in a new environment with the wheel in it.

    This process's environment lends the dependencies, as a folder further back on the path. The checkout,
    which is installed there as editable, is not lent with them.
    """
    environment = tmp_path_factory.mktemp("environment")
    run(sys.executable, "-m", "venv", "--without-pip", environment, cwd=environment)
    python = environment / "bin" / "python"
    run(
        sys.executable,
        "-m",
        "pip",
        "--python",
        python,
        "install",
        "--no-deps",
        "--no-index",
        wheel,
        cwd=environment,
    )
    packages = next(environment.glob("lib/python*/site-packages"))
    lent = [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
    (packages / "lent.pth").write_text("\n".join(lent))
    return python.parent


def test_weights_and_migrations_are_inside_and_tests_are_not(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert any(re.fullmatch(r"recognizer/weights/\S+\.safetensors", name) for name in names)
    assert "migrations/env.py" in names and any(name.startswith("migrations/versions/0001") for name in names)
    assert {name.split("/")[0].removesuffix(".py") for name in names if ".dist-info/" not in name} == ROOMS
    assert wheel.stat().st_size < 20_000_000


def test_every_import_is_declared(wheel: Path) -> None:
    metadata = (
        zipfile.ZipFile(wheel).read(f"{'-'.join(wheel.name.split('-')[:2])}.dist-info/METADATA").decode()
    )
    declared = {_canonical(name) for name in re.findall(r"^Requires-Dist: ([\w.-]+)", metadata, re.MULTILINE)}
    providers = importlib.metadata.packages_distributions()
    imported = _imports(wheel) - ROOMS - set(sys.stdlib_module_names)
    assert {_canonical(provider) for name in imported for provider in providers[name]} <= declared


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _imports(wheel: Path) -> set[str]:
    """Top-level names that any module of the wheel imports anywhere."""
    archive, found = zipfile.ZipFile(wheel), set()
    for name in archive.namelist():
        for node in ast.walk(ast.parse(archive.read(name))) if name.endswith(".py") else ():
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.split(".")[0])
    return found


def test_both_commands_work_where_there_is_no_checkout(programs: Path, tmp_path: Path) -> None:
    photo = Image.new("RGB", (900, 300), "white")
    ImageDraw.Draw(photo).text((60, 90), "quarterly roadmap", "black", ImageFont.load_default(size=90))
    photo.save(tmp_path / "board.png")
    run(programs / "ocr-index", "--archive", "archive", "add", "board.png", cwd=tmp_path)
    words = json.loads(run(programs / "ocr-index", "--archive", "archive", "words", "--json", cwd=tmp_path))
    first = words["words"][0]["readings"][0]["text"]
    hits = run(programs / "ocr-search", "--archive", "archive", "--json", first, cwd=tmp_path)
    assert json.loads(hits.splitlines()[0])["path"] == str(tmp_path / "board.png")
    assert "site-packages" in run(programs / "python", "-c", "import cli; print(cli.__file__)", cwd=tmp_path)
