"""SQL keeps the floors: a table is written by the slice that owns it, and read by that slice and those above."""

from __future__ import annotations

import pytest

from liquor_app.core.config import PROJECT_ROOT
from tests.guards import owners
from tests.guards.owners import floors, reaches, rows_set, tables_of
from tests.guards.statements import Statement, copies

STILL: dict[str, int] = {}
"""Statements that reach across the floors today. The list may only become shorter."""

REASONED = {
    "campaigns reads segments.segments": (
        1, "a draft names its segments by slug, and a slug that no segment has is refused at the door, not a job later;"
        " the segments cannot stand lower, as they are found by what was sent",
    ),
    "imports reads actions.actions": (
        2, "undoing an import deletes the customers it made, but none who stands in a plan; that is asked under their"
        " lock in the deleting transaction, and before it for the preview: whoever is above would hear too late",
    ),
    "scoring reads actions.actions": (
        1, "who answers is learned from what was offered, which stands with the action; actions cannot stand lower, as"
        " they are made from scores, and copying each offer into the ledger would write it twice a million times",
    ),
    "imports reads ledger.sends": (2, "the same of whoever was written to since, whose messages stay on record"),
}  # fmt: skip
"""Reads upward that stay, how many statements each, and why. At most `MOST_REASONED` of them."""
MOST_REASONED = 5
ALLOWED = {**STILL, **{reach: many for reach, (many, _) in REASONED.items()}}


def test_no_slice_reaches_further_than_it_did() -> None:
    found = {str(reach): many for reach, many in reaches().items()}
    new = {reach: many for reach, many in found.items() if many > ALLOWED.get(reach, 0)}
    assert new == {}, "written or read across the floors: move the statement to the table's owner"


def test_the_list_shrinks_with_the_code() -> None:
    found = {str(reach): many for reach, many in reaches().items()}
    assert {reach: many for reach, many in ALLOWED.items() if found.get(reach, 0) < many} == {}, (
        "take these off the list"
    )


def test_few_reads_upward_stay_and_each_says_why() -> None:
    assert len(REASONED) <= MOST_REASONED
    assert all(" reads " in reach and len(why) > 40 for reach, (_, why) in REASONED.items())
    assert not REASONED.keys() & STILL.keys()


def test_copied_rows_count_as_written() -> None:
    assert {(one.slice, one.table) for one in copies()} >= {("customers", "consents"), ("imports", "import_lines")}
    assert {one.module for one in copies() if not one.table} <= {"liquor_app.demo.load"}, "name the table in the call"


def test_no_slice_makes_or_sets_a_row_of_another() -> None:
    """The same through the ORM."""
    modules = [path for path in (PROJECT_ROOT / "liquor_app").rglob("*.py") if path.parent.name not in owners.EXEMPT]
    found = []
    for path in modules:
        module = ".".join(path.relative_to(PROJECT_ROOT).with_suffix("").parts)
        found += rows_set(module, path.read_text())
    assert found == []


@pytest.mark.parametrize(
    "source",
    [
        "campaign = await lock(); campaign.started_at = now()",
        "campaign.approved_by, campaign.approved_at = who, when",
        "from liquor_app.campaigns.models import Campaign\nrow = Campaign(name='x')",
    ],
)
def test_the_guard_sees_rows_set(source: str) -> None:
    assert [one.split()[1] for one in rows_set("liquor_app.sending.x", source)][:1] == ["Campaign"]
    assert rows_set("liquor_app.campaigns.x", source) == []


def test_every_table_has_an_owner_among_the_floors() -> None:
    assert set(owners.owners().values()) <= set(floors())


FORMS = {
    "SELECT 1 FROM sends s JOIN actions a ON a.id = s.action_id": ({"sends", "actions"}, set()),
    "UPDATE actions SET status = 'x' FROM sends WHERE sends.action_id = actions.id": ({"sends"}, {"actions"}),
    "INSERT INTO actions (id) SELECT id FROM sends": ({"sends"}, {"actions"}),
    "DELETE FROM coupons USING sends WHERE sends.id = coupons.send_id": ({"sends"}, {"coupons"}),
    "WITH gone AS (DELETE FROM sends RETURNING id) INSERT INTO actions (id) SELECT id FROM gone": (
        set(), {"sends", "actions"},
    ),
    "WITH actions AS (SELECT 1) SELECT * FROM actions": (set(), set()),
    "SELECT id FROM customers WHERE id = :id FOR UPDATE": ({"customers"}, set()),
    "SELECT (SELECT count(*) FROM consents) AS n, EXISTS (SELECT FROM suppressions)": (
        {"consents", "suppressions"}, set(),
    ),
}  # fmt: skip


@pytest.mark.parametrize("sql", FORMS)
def test_the_guard_reads_sql(sql: str) -> None:
    assert tables_of(Statement("liquor_app.core.x", 1, sql)) == FORMS[sql]
