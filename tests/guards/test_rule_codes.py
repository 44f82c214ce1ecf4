"""Which rules an operation may refuse by is told as the code has it."""

from __future__ import annotations

import ast

import pytest

from liquor_app.core.config import PROJECT_ROOT
from liquor_app.core.errors import RULE
from liquor_app.rest import routers
from liquor_app.rest.kit.rule_codes import RULE_CODES
from liquor_app.rest.routers import create_api
from tests.guards import rule_codes
from tests.guards.rule_codes import refusals, table

DOCS = (PROJECT_ROOT / "docs" / "api.md").read_text()


def test_the_table_is_what_the_code_may_come_to() -> None:
    assert dict(RULE_CODES) == table(), "if this was meant: python -m tests.guards.rule_codes"


def test_a_rule_that_is_taken_away_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: a code nobody raises any more, and one that nobody wrote down."""
    changed = {**RULE_CODES, "GET /health/live": "taken"}
    assert changed != table()
    monkeypatch.setattr(rule_codes, "codes_of", lambda route, method: {"rule.planted"})
    assert set(table().values()) == {"planted"}


def test_each_operation_tells_them() -> None:
    told = {
        f"{method.upper()} {path.removeprefix('/api/v1')}": operation["x-rules"]
        for path, operations in create_api().openapi()["paths"].items()
        for method, operation in operations.items()
    }
    assert told == {name: [f"rule.{code}" for code in codes.split()] for name, codes in RULE_CODES.items()}
    assert len({code for codes in told.values() for code in codes}) > 8
    assert "rule.state" in told["POST /campaigns/{id}/pause"]
    assert "rule.unknown" in told["POST /campaigns"]
    assert told["GET /health/live"] == []
    assert routers.RULE_CODES is RULE_CODES


def test_every_code_is_told_to_people() -> None:
    missing = sorted(code for code in set(refusals().values()) if f"`{code}`" not in DOCS)
    assert missing == [], "a line in docs/api.md, under what refuses"


def test_nobody_makes_up_a_code() -> None:
    """A code of ours is a class of refusals; what only looks like one would be in no operation's list."""
    said = []
    for path in (PROJECT_ROOT / "liquor_app").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith("rule."):
                said.append((path.name, node.value))
    known = set(refusals().values())
    others = {(name, value) for name, value in said if value not in known}
    assert others == {
        ("errors.py", RULE),
        ("rule_pack_editing.py", "rule.added"),
        ("rule_pack_editing.py", "rule.ended"),
    }
