"""A status changes only as its table of transitions allows, also where SQL changes a thousand at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

import pytest
import sqlglot
from sqlglot import exp

from liquor_app.actions.models import ACTION, ActionStatus
from liquor_app.campaigns.models import CAMPAIGN, CampaignStatus
from liquor_app.core.models import JOB, JobStatus
from liquor_app.core.states import Transitions
from liquor_app.imports.models import IMPORT, ImportStatus
from liquor_app.ledger.models import SEND, SendStatus
from liquor_app.planning.models import PLAN, PlanStatus
from liquor_app.scoring.models import MODEL, ModelStatus
from liquor_app.sending.models import ERRAND, ErrandStatus
from tests.guards.statements import Statement, statements

TABLES: dict[str, tuple[str, type[StrEnum], Transitions[Any]]] = {
    "sends": ("ledger", SendStatus, SEND),
    "actions": ("actions", ActionStatus, ACTION),
    "jobs": ("core", JobStatus, JOB),
    "plans": ("planning", PlanStatus, PLAN),
    "campaigns": ("campaigns", CampaignStatus, CAMPAIGN),
    "imports": ("imports", ImportStatus, IMPORT),
    "service_messages": ("sending", ErrandStatus, ERRAND),
    "model_versions": ("scoring", ModelStatus, MODEL),
}
"""Owner, statuses and transitions of each; no other slice is to write them (`test_owners`)."""

IN_PYTHON = {
    "liquor_app.actions.action_status": 2,  # `_outcome` checks
    "liquor_app.actions.edit_actions": 2,  # `move_action` checks; `undo_edit` compares by `allows_sql`
    "liquor_app.actions.plan_decisions": 1,  # `allows_sql` compares the two
    "liquor_app.core.queue": 1,  # of a running job
    "liquor_app.imports.local_import": 1,  # it checks in the line before
    "liquor_app.imports.tasks": 2,  # `import_uploaded` checks; `conclude` asks for those its end may follow
    "liquor_app.imports.undo.undo_import": 2,  # `request_undo` and `cancel_undo` check
    "liquor_app.imports.uploads": 2,  # `request_import`, `resume_import` and `cancel_import` check
    "liquor_app.sending.recipients.transactional": 1,  # `record_errand` asks for those its end may follow
    "liquor_app.ledger.send_status": 2,  # `change_fates` and `settle_send` check
}
"""Statements that get the status as a parameter or ask for none; how many, and what checks instead."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a statement makes of which status; `old` is None if the statement does not ask."""

    where: str
    table: str
    old: str | None
    new: str | None


def changes(statement: Statement) -> Iterator[Change]:
    """Every change of a status that a statement of a table's owner makes."""
    owners = {owner for owner, _, _ in TABLES.values()}
    if statement.slice not in owners or statement.is_scratch or "status" not in statement.sql:
        return
    for tree in filter(None, sqlglot.parse(statement.numbered, read="postgres")):
        for update in tree.find_all(exp.Update):
            table = update.this.find(exp.Table).name
            if table not in TABLES or TABLES[table][0] != statement.slice:
                continue
            for given in update.expressions:
                if isinstance(given, exp.EQ) and given.this.name == "status":
                    asked = _asked(tree, table, but=given)
                    for old, new in _pairs(given.expression, table, asked):
                        yield Change(str(statement), table, old, new)


def _pairs(given: exp.Expression, table: str, asked: set[str]) -> Iterator[tuple[str | None, str | None]]:
    branches = [(asked, given)]
    if isinstance(given, exp.Case):
        branches = [(_asked(one, table) or asked, one.args["true"]) for one in given.args["ifs"]]
        branches.append((asked, given.args["default"]))
    for old, branch in branches:
        if isinstance(branch, exp.Column) and branch.name == "status" and isinstance(given, exp.Case):
            continue  # it stays as it is
        new = branch.name if isinstance(branch, exp.Literal) else None
        yield from ((one, new) for one in (sorted(old) or [None]))


def _asked(tree: exp.Expression, table: str, but: exp.Expression | None = None) -> set[str]:
    """Statuses of the table's rows that a statement asks for, wherever it does."""
    root = tree.root()
    aliases = {one.alias_or_name for one in root.find_all(exp.Table) if one.name == table}
    found: set[str] = set()
    for test in tree.find_all(exp.EQ, exp.In):
        column = test.this
        if not isinstance(column, exp.Column) or column.name != "status" or (but is not None and _within(test, but)):
            continue
        if column.table not in aliases and (column.table or _nearest(test) != table):
            continue
        values = test.expressions if isinstance(test, exp.In) else [test.expression]
        found |= {value.name for value in values if isinstance(value, exp.Literal)}
    return found


def _within(node: exp.Expression, outer: exp.Expression) -> bool:
    return node is outer or any(parent is outer for parent in _parents(node))


def _parents(node: exp.Expression) -> Iterator[exp.Expression]:
    parent = node.parent
    while parent is not None:
        yield parent
        parent = parent.parent


def _nearest(node: exp.Expression) -> str:
    """The table an unqualified column belongs to."""
    scope = next(one for one in _parents(node) if isinstance(one, exp.Select | exp.Update))
    source = scope.this if isinstance(scope, exp.Update) else scope.args["from_"].this
    return str(source.name)


@cache
def _all() -> list[Change]:
    return [change for statement in statements() for change in changes(statement)]


def test_every_change_is_one_the_table_allows() -> None:
    wrong = [
        change
        for change in _all()
        if change.old and change.new and change.old != change.new
        and change.new not in TABLES[change.table][2].table.get(TABLES[change.table][1](change.old), ())
    ]  # fmt: skip
    assert wrong == []


def test_every_change_says_from_where() -> None:
    """Or somebody else checks, by name."""
    silent = {change.where for change in _all() if change.old is None or change.new is None}
    assert Counter(where.rpartition(":")[0] for where in silent) == IN_PYTHON


def test_the_guard_sees_the_fence_and_the_others() -> None:
    seen = {(change.table, change.old, change.new) for change in _all()}
    assert {("sends", "claimed", "sending"), ("sends", "unknown", "sent"), ("sends", "pending", "claimed")} <= seen
    assert {("actions", "skipped", "queued"), ("jobs", "queued", "running"), ("sends", "pending", "skipped")} <= seen
    assert len(seen) > 25


FORMS = {
    "UPDATE sends SET status = 'sent' WHERE status IN ('sending', 'unknown')": {
        ("sending", "sent"), ("unknown", "sent"),
    },
    "UPDATE sends s SET status = CASE WHEN s.status = 'sending' THEN 'sent' ELSE s.status END"
    " WHERE s.status IN ('sending', 'bounced')": {("sending", "sent")},
    "UPDATE sends SET status = CASE WHEN note IS NULL THEN 'skipped' ELSE 'cancelled' END WHERE status = 'pending'": {
        ("pending", "skipped"), ("pending", "cancelled"),
    },
    "WITH d AS (SELECT s.id FROM sends s, campaigns k WHERE s.status = 'pending' AND k.status = 'active')"
    " UPDATE sends s SET status = 'claimed' FROM d WHERE s.id = d.id": {("pending", "claimed")},
    "UPDATE sends SET status = 'sent' WHERE id = :id": {(None, "sent")},
    "UPDATE sends SET status = :status WHERE status = 'unknown'": {("unknown", None)},
    "UPDATE actions SET status = 'sent' WHERE status = 'queued'": set(),
}  # fmt: skip


@pytest.mark.parametrize("sql", FORMS)
def test_the_guard_reads_sql(sql: str) -> None:
    found = list(changes(Statement("liquor_app.ledger.x", 1, sql)))
    assert {(change.old, change.new) for change in found} == FORMS[sql]
