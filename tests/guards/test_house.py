"""The house: rooms that stand on a floor, folders one can overlook, names that mean one thing."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path

from liquor_app.core.config import PROJECT_ROOT
from tests.guards.owners import floors

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
