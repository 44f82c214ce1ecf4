"""Pages and states as they are written: Reflex makes one script per module of a page's function and names a state by
its module, so that a factory would put every page into one script and give two states one name."""

from __future__ import annotations

import ast
import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import reflex as rx

import liquor_app
from liquor_app.core.config import PROJECT_ROOT
from tests.sources import parsed

SCREENS = PROJECT_ROOT / "liquor_app" / "screens"
PAGES = sorted(SCREENS.rglob("page.py"))


def drawn_elsewhere(tree: ast.Module) -> list[int]:
    """Lines of `Page(…)` whose component is no function this file writes out itself."""
    own = {one.name for one in tree.body if isinstance(one, ast.FunctionDef) and not one.args.args}
    wrong = []
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "Page":
            named = {keyword.arg: keyword.value for keyword in call.keywords}
            component = call.args[2] if len(call.args) > 2 else named.get("component")
            if not isinstance(component, ast.Name) or component.id not in own:
                wrong.append(call.lineno)
    return wrong


def state_classes(tree: ast.Module) -> set[str]:
    """Classes a file writes out as `class XState(…, rx.State)`."""
    return {
        one.name
        for one in tree.body
        if isinstance(one, ast.ClassDef) and one.bases and ast.unparse(one.bases[-1]) == "rx.State"
    }


def all_states() -> Iterator[type[rx.State]]:
    """Every state of the product, whoever made it."""
    for module in pkgutil.walk_packages(liquor_app.__path__, "liquor_app."):
        if module.name.startswith(("liquor_app.screens", "liquor_app.ui")):
            importlib.import_module(module.name)
    waiting = [rx.State]
    while waiting:
        for one in waiting.pop().__subclasses__():
            waiting.append(one)
            if one.__module__.startswith("liquor_app"):
                yield one


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(SCREENS).parent))
def test_a_page_writes_out_its_own_function(path: Path) -> None:
    assert drawn_elsewhere(parsed(path.read_text())) == []


def test_a_state_is_a_class_written_out() -> None:
    wrong = []
    for state in all_states():
        path = PROJECT_ROOT / Path(*state.__module__.split(".")).with_suffix(".py")
        if state.__name__ not in state_classes(parsed(path.read_text())):
            wrong.append(f"{state.__module__}.{state.__name__}")
    assert wrong == []


@pytest.mark.parametrize(
    "code",
    [
        "PAGES = (Page('/x', 'X', page_of(THINGS)),)",
        "from elsewhere import page\nPAGES = (Page('/x', 'X', page),)",
        "def make(spec):\n    return lambda: draw(spec)\npage = make(1)\nPAGES = (Page('/x', 'X', component=page),)",
        "def page(spec):\n    return draw(spec)\nPAGES = (Page('/x', 'X', page),)",
    ],
)
def test_a_page_from_a_factory_is_seen(code: str) -> None:
    assert drawn_elsewhere(parsed(code)) != []


def test_a_state_from_type_is_seen() -> None:
    code = (
        "XState = type('XState', (ListState, rx.State), {})\nclass YState(make(1)): ...\nclass ZState(A, rx.State): ..."
    )
    assert state_classes(parsed(code)) == {"ZState"}
