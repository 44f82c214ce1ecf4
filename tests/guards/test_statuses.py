"""A status is spelled in its enum, and changes by its table: no literal of another slice's, no table left out."""

from __future__ import annotations

import re
from collections import Counter
from enum import StrEnum
from functools import cache
from importlib import import_module

import pytest
from sqlmodel import SQLModel

from liquor_app.core.config import PROJECT_ROOT
from liquor_app.core.states import Transitions
from tests.guards.status_literals import Spelled, enums, of_source, spelled

OTHERS_WORDS = {"liquor_app.providers.adapters.twilio_events"}
"""Statuses of somebody else's service that happen to be called like ours."""
EXEMPT = {"demo"}
"""The sample writes whole lives at once."""

STILL: dict[str, int] = {}
"""Statuses of another slice that a module still spells. The list may only become shorter."""


def _foreign(one: Spelled) -> bool:
    """Of another slice for certain, or of none that this one owns."""
    if one.slice in EXEMPT or one.module in OTHERS_WORDS:
        return False
    own = {option.value for owner, kind in enums().values() if owner == one.slice for option in kind}
    return one.owner != one.slice if one.owner else one.value not in own


def _found() -> Counter[str]:
    return Counter(one.module.removeprefix("liquor_app.") for one in spelled() if _foreign(one))


def test_no_module_spells_more_statuses_of_others() -> None:
    more = {module: many for module, many in _found().items() if many > STILL.get(module, 0)}
    assert more == {}, "take it from the enum: sql_list(*LIVE), f\"'{ActionStatus.PENDING}'\""


def test_the_list_of_those_that_do_shrinks() -> None:
    found = _found()
    assert {module: many for module, many in STILL.items() if found[module] < many} == {}, "take these off the list"


TOLD = {
    "text(\"SELECT id FROM actions a WHERE a.status = 'pending'\")": {("pending", "actions")},
    "text(\"SELECT 1 FROM actions a JOIN campaigns k ON k.id = a.id WHERE k.status IN ('active', 'paused')\")": {
        ("active", "campaigns"), ("paused", "campaigns"),
    },
    "Q = \"UPDATE actions SET status = CASE WHEN x THEN 'sent' ELSE 'failed' END WHERE id = :id\"": {
        ("sent", "actions"), ("failed", "actions"),
    },
    "Q = f\"SELECT {columns} FROM campaigns WHERE status <> 'draft'\"": {("draft", "campaigns")},
    "if row.status == 'awaiting_approval': pass": {("awaiting_approval", "campaigns")},
    "if row['status'] in ('held_out', 'proposed'): pass": {("held_out", "actions"), ("proposed", "actions")},
    "find(status='superseded')": {("superseded", "planning")},
    "campaign.status = 'awaiting_approval'": {("awaiting_approval", "campaigns")},
    "params = {'statuses': ['held_out']}": {("held_out", "actions")},
    "text(f\"SELECT id FROM actions WHERE status = '{ActionStatus.PENDING}'\")": set(),
    "if row.status is ActionStatus.PENDING: pass": set(),
    "colour = {'pending': 'amber'}": set(),
}  # fmt: skip


@pytest.mark.parametrize("source", TOLD)
def test_the_guard_sees_them(source: str) -> None:
    assert {(one.value, one.owner) for one in of_source("liquor_app.core.x", source)} == TOLD[source]


# --- each life has its table ---

NO_LIFE = {"consents"}
"""A consent is an event: one row says what was said, the next row what is said now."""
COPIES = {"plan_choices"}
"""Keeps the status of an action as a plan decided it, and never changes it."""


def test_every_status_there_is_is_known() -> None:
    """A column that keeps one as text has its enum named in `AS_TEXT`."""
    tables = {mapper.local_table for mapper in SQLModel._sa_registry.mappers}
    assert {table.name for table in tables if "status" in table.columns} - COPIES == set(enums())


@cache
def _tables_of_changes() -> dict[type[StrEnum], tuple[str, Transitions[StrEnum]]]:
    """Enum → (name, table), of those that stand beside the tables."""
    modules = {mapper.class_.__module__ for mapper in SQLModel._sa_registry.mappers}
    return {
        type(next(iter(value.table))): (name, value)
        for module in sorted(modules)
        for name, value in vars(import_module(module)).items()
        if isinstance(value, Transitions)
    }


@pytest.mark.parametrize("table", sorted(enums()))
def test_every_status_changes_by_a_table(table: str) -> None:
    assert table in NO_LIFE or enums()[table][1] in _tables_of_changes(), f"{table}.status has no Transitions"


def test_every_table_is_gone_by() -> None:
    """A table that no statement and no verb asks says nothing about what the code does."""
    code = "".join(path.read_text() for path in (PROJECT_ROOT / "liquor_app").rglob("*.py"))
    names = {name for name, _ in _tables_of_changes().values()}
    asked = r"\b{}\.(check|allows|sources|sources_sql|allows_sql)\("
    assert {name for name in names if not re.search(asked.format(name), code)} == set()


@pytest.mark.parametrize("name", sorted(name for name, _ in _tables_of_changes().values()))
def test_sql_and_table_cannot_disagree(name: str) -> None:
    table = next(table for known, table in _tables_of_changes().values() if known == name)
    kind = type(next(iter(table.table)))
    condition = table.allows_sql("a", "b")
    for new in kind:
        before = ", ".join(f"'{old}'" for old in sorted(kind) if table.allows(old, new))
        assert table.sources_sql(new) == f"({before})"
        assert all((f"('{old}', '{new}')" in condition) is table.allows(old, new) for old in kind)
