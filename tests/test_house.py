"""The shape of the whole: what lies where, who imports what, and what must never be in the tree."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("detector", "recognizer", "search", "indexer", "migrations", "web")
TORCH_ROOMS = {
    *(
        "detector/layers.py",
        "detector/model.py",
        "detector/train.py",
        "recognizer/model.py",
        "recognizer/train.py",
    ),
    "recognizer/attention.py",  # part of the networks of model.py, which alone imports it
}
TOP_LEVEL = {
    *ROOMS, "cli.py", "tests", "pyproject.toml",
    "README.md", "CHANGELOG.md", "LICENSE", "docs", "benchmarks", "samples", "Makefile", ".ci", ".gitignore",
}  # fmt: skip


def tracked() -> list[str]:
    """Files of the tree as git lists them; outside of a checkout there is nothing to hold."""
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [name for name in listing.stdout.split("\0") if name and (ROOT / name).exists()]


def sources() -> list[Path]:
    return [ROOT / "cli.py", *(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))]


def imports_at_top(path: Path) -> set[str]:
    """Top-level packages that importing `path` imports, whatever `if` or `try` they stand in."""
    found: set[str] = set()
    waiting: list[ast.AST] = [ast.parse(path.read_text())]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
        elif isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            waiting += node.orelse
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            waiting += ast.iter_child_nodes(node)
    return found


def loaded_by(code: str) -> set[str]:
    """Names of the modules in memory after `code` ran in a process of its own."""
    code += "\nimport sys; print(*sys.modules, file=sys.stderr)"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(run.stderr.split())


def test_the_top_level_is_what_was_agreed() -> None:
    assert {name.split("/")[0] for name in tracked()} <= TOP_LEVEL


def test_torch_is_imported_at_the_top_of_few_files() -> None:
    users = {str(path.relative_to(ROOT)) for path in sources() if "torch" in imports_at_top(path)}
    assert users == {name for name in TORCH_ROOMS if (ROOT / name).exists()}


def test_torch_is_imported_nowhere_else_inside_functions() -> None:
    users = {
        str(path.relative_to(ROOT))
        for path in sources()
        if re.search(r"^\s*(import|from) torch\b", path.read_text(), re.MULTILINE)
    }
    assert users <= TORCH_ROOMS


def test_only_the_command_line_knows_click() -> None:
    users = [path.relative_to(ROOT) for path in sources() if "click" in imports_at_top(path)]
    assert users
    assert all(path.name in {"cli.py", "commands.py"} or path.parent.name == "commands" for path in users)


def test_nobody_imports_the_command_line() -> None:
    assert not [path for path in sources() if "cli" in imports_at_top(path)]


def test_the_command_line_starts_with_click_and_nothing_heavier() -> None:
    heavy = {"torch", "cv2", "numpy", "sqlalchemy", "alembic", "whoosh", "rapidfuzz", "PIL", "starlette"}
    assert not heavy & loaded_by("import cli")


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_stays_under_four_hundred_lines(path: Path) -> None:
    assert len(path.read_text().splitlines()) < 400


def test_no_path_of_one_machine_and_no_package_registry_is_written_down() -> None:
    # Brackets keep this file from matching its own pattern.
    machine = "(^|[^[:alnum:]_.])/([r]oot|[w]ork|[h]ome/[a-z]+|[U]sers/[a-z]+)/"
    registries = "[p]ypi[.]org|[p]ythonhosted|[d]ownload[.]pytorch"
    found = subprocess.run(
        ["git", "grep", "-I", "-n", "-E", f"{machine}|{registries}"], cwd=ROOT, capture_output=True, text=True
    )
    assert found.stdout == ""
