"""The house: rooms that stand on a floor, folders one can overlook, names that mean one thing."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import Counter, defaultdict
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from liquor_app.core.config import PROJECT_ROOT
from tests.guards.owners import floors
from tests.sources import parsed

HOUSE = PROJECT_ROOT / "liquor_app"
PER_FOLDER = 20
ROLES = {"__init__", "models", "service", "lists", "tasks", "settings"}
"""What every room may have, under the same name and with the same meaning."""
BY_AREA = {"rest", "screens", "commands"}
"""Where a module is called what its area is called, as in `rest.customers`, or what it is to its page."""


def modules() -> list[Path]:
    return sorted(path.relative_to(HOUSE) for path in HOUSE.rglob("*.py"))


def test_every_module_stands_on_a_floor() -> None:
    """What no contract names is bound by none."""
    assert {path.parts[0].removesuffix(".py") for path in modules()} - {"__init__"} == set(floors())


def test_a_folder_can_be_overlooked() -> None:
    folders = Counter(path.parent for path in modules() if path.name != "__init__.py")
    assert {str(folder): many for folder, many in folders.items() if many > PER_FOLDER} == {}


def test_no_name_stands_for_two_things() -> None:
    places = defaultdict(list)
    for path in modules():
        if path.parts[0] not in BY_AREA and path.stem not in ROLES:
            places[path.stem].append(str(path))
    assert {name: where for name, where in places.items() if len(where) > 1} == {}


def test_a_folder_of_modules_says_what_it_is() -> None:
    """Grouping folders, below a room, have a sentence."""
    silent = [
        str(path.parent)
        for path in modules()
        if path.name == "__init__.py" and len(path.parts) == 3 and path.parts[0] not in BY_AREA
        if not (HOUSE / path).read_text().startswith('"""')
    ]
    assert silent == []


def imported(path: Path, names: set[str]) -> set[str]:
    """Modules (of `names`) that a module imports, also while it runs; what only its types need does not count."""
    tree = parsed((HOUSE / path).read_text())
    for_types = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and id(node) not in for_types:
            for full in (f"{node.module}.{name.name}" for name in node.names):
                found.add(full if full in names else node.module)
        elif isinstance(node, ast.Import) and id(node) not in for_types:
            found |= {name.name for name in node.names}
    return found & names


def circle(graph: dict[str, set[str]]) -> list[str]:
    """The first circle found; none if there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_modules_import_in_no_circle() -> None:
    """Neither at the top nor inside a function, which is how circles are hidden."""
    paths = {
        ".".join(("liquor_app", *path.with_suffix("").parts)).removesuffix(".__init__"): path for path in modules()
    }
    assert circle({name: imported(path, set(paths)) - {name} for name, path in paths.items()}) == []


@pytest.mark.parametrize("graph", [{"a": {"b"}, "b": {"a"}}, {"a": {"b"}, "b": {"c"}, "c": {"b"}}])
def test_a_circle_is_seen(graph: dict[str, set[str]]) -> None:
    assert circle(graph) != []


def test_the_picture_shows_the_house_as_it_is() -> None:
    done = subprocess.run([sys.executable, "scripts/draw_house.py", "--check"], cwd=PROJECT_ROOT, check=False)
    assert done.returncode == 0, "python scripts/draw_house.py"
