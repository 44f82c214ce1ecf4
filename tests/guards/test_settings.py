"""A setting is there because something goes by it, and somebody can change it."""

from __future__ import annotations

import ast

import pytest

from liquor_app.core.config import PROJECT_ROOT
from liquor_app.organization import settings as module
from liquor_app.organization.settings import SettingsModel
from liquor_app.screens.organization.settings.state import DOCUMENTS, HIDDEN, LABELS
from tests.sources import parsed

MODELS = [one for one in vars(module).values() if isinstance(one, type) and issubclass(one, SettingsModel)]
FIELDS_OF = [(model, name) for model in MODELS for name in model.model_fields]
NOT_BY_HAND = {"is_sample": "the sample sets it when it is loaded, and clearing it takes it away"}
TELLING = ("liquor_app/screens/", "liquor_app/rest/", "liquor_app/organization/settings.py")
"""Where settings are shown and changed: that is no going by them."""


def names_used(tree: ast.AST) -> set[str]:
    """Attributes that are read, and names given as words to what reads them."""
    return {
        node.attr if isinstance(node, ast.Attribute) else str(node.value)
        for node in ast.walk(tree)
        if (isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load))
        or (isinstance(node, ast.Constant) and isinstance(node.value, str))
    }


@pytest.fixture(scope="module")
def used() -> set[str]:
    found: set[str] = set()
    for path in (PROJECT_ROOT / "liquor_app").rglob("*.py"):
        if not path.relative_to(PROJECT_ROOT).as_posix().startswith(TELLING):
            found |= names_used(parsed(path.read_text()))
    return found


def test_there_are_settings() -> None:
    assert len(FIELDS_OF) > 30


def test_every_setting_is_gone_by(used: set[str]) -> None:
    assert [f"{model.__name__}.{name}" for model, name in FIELDS_OF if name not in used] == []


def test_every_setting_is_on_the_page() -> None:
    assert set(HIDDEN) == set(NOT_BY_HAND)
    shown = {(model, name) for model in DOCUMENTS.values() for name in model.model_fields if name in LABELS}
    assert [f"{model.__name__}.{name}" for model, name in FIELDS_OF if (model, name) not in shown] == [
        f"{model.__name__}.{name}" for model, name in FIELDS_OF if name in NOT_BY_HAND
    ]
    assert set(LABELS) <= {name for _, name in FIELDS_OF}, "the page shows what is no setting"


def test_a_setting_that_is_only_shown_is_noticed() -> None:
    tree = ast.parse("class S:\n    lost_days: int = 3\n\n\ndef read(s):\n    s.other = s.found_days\n")
    assert {"found_days"} <= names_used(tree)
    assert not {"lost_days", "other"} & names_used(tree)
