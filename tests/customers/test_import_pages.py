"""The import wizard by its state: what a file is taken for, what is tried, what is run, what is reported."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from sqlalchemy import text

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import Actor, ActorKind
from liquor_app.core.db import transaction
from liquor_app.core.errors import Invalid
from liquor_app.core.ids import uuid7
from liquor_app.core.queue import run as run_job
from liquor_app.customers.states.importing import CHOOSE, MATCH, REPORT, RUN, EarlierState, ImportState
from liquor_app.customers.states.uploads import head_of, mapping_of, reassigned
from liquor_app.customers.tasks import TASKS
from liquor_app.customers.uploads import ImportRow, file_of, request_import
from tests.tabs import Tab, run, said

pytestmark = pytest.mark.integration
MANAGER = Actor(ActorKind.USER, None, "Mo", Role.MANAGER)
VIEWER = Actor(ActorKind.USER, None, "Vi", Role.USER)
PEOPLE = "Full name;Mail;Mobile;Home town\nAnn;ann@example.com;207 555 0101;Bath\nBo;nonsense;;Bath\n"


def sent(content: str | bytes, size: int | None = None, name: str = "people.csv") -> dict[str, Any]:
    """What the browser sends of a file."""
    head = content.encode() if isinstance(content, str) else content
    return {"name": name, "size": len(head) if size is None else size, "head": base64.b64encode(head).decode()}


async def uploaded(content: str) -> ImportRow:
    """A file as the HTTP route leaves it."""
    key = f"{uuid7()}.csv"
    file_of(key).parent.mkdir(parents=True, exist_ok=True)
    file_of(key).write_text(content)
    async with transaction() as session:
        return await request_import(
            session, MANAGER, import_id=uuid7(), kind="customers", file_name="people.csv", file_key=key,
            mapping={"name": "Full name", "email": "Mail"},
        )  # fmt: skip


async def test_a_file_is_understood_and_tried_before_anything_is_written(database: str) -> None:
    state = await Tab("/customers/import", MANAGER).state(ImportState)
    await run(ImportState.load, state)
    await run(ImportState.looked, state, sent(PEOPLE))
    assert state.step == MATCH
    assert mapping_of(state.columns) == {"name": "Full name", "email": "Mail", "phone": "Mobile"}
    assert state.columns[0].example == "Ann, Bo"
    assert state.trial == "Tried on the first 2 rows: 1 new and 1 refused (E-mail not valid 1)."

    await run(ImportState.match, state, "Home town", "city")
    await run(ImportState.match, state, "Mail", "")
    assert state.trial == "Tried on the first 2 rows: 1 new and 1 refused (No identity 1)."
    await run(ImportState.match, state, "Mobile", "password")  # no such field: left out
    assert "No column says who the customer is" in state.problem
    assert await run(ImportState.start, state) is None
    assert state.step == MATCH
    async with transaction() as session:
        assert (await session.execute(text("SELECT count(*) FROM customers"))).scalar_one() == 0

    await run(ImportState.match, state, "Mail", "email")
    script = said(await run(ImportState.start, state))
    assert "importFile.send" in script
    assert "Home town" in script
    assert state.step == RUN


@pytest.mark.parametrize(
    ("file", "problem"),
    [
        (sent(""), "empty"),
        (sent(b"PK\x03\x04rest of a workbook"), "Excel workbook"),
        ({"name": "x.csv", "size": 3, "head": "***"}, "could not be read"),
        ({"name": "x.csv"}, "Choose a file"),
        (None, "Choose a file"),
        ("etc/passwd", "Choose a file"),
    ],
)
async def test_what_is_no_table_is_refused_in_words(database: str, file: Any, problem: str) -> None:
    state = await Tab("/customers/import", MANAGER).state(ImportState)
    await run(ImportState.looked, state, file)
    assert problem in state.problem
    assert state.step == CHOOSE


async def test_an_import_is_followed_to_its_report(database: str) -> None:
    tab = Tab("/customers/import", MANAGER)
    state, earlier = await tab.state(ImportState), await tab.state(EarlierState)
    await run(ImportState.looked, state, sent(PEOPLE))
    await run(ImportState.start, state)
    row = await uploaded(PEOPLE)
    assert row.job_id
    await run(ImportState.sent, state, {"import_id": str(row.id), "job_id": str(row.job_id)})
    await run_job(row.job_id, TASKS)
    await run(ImportState.watch, state)
    assert state.step == REPORT
    assert state.words == "2 rows: 1 new, 0 changed, 0 known already, 1 refused."
    assert [(line.words, line.count) for line in state.reasons] == [("E-mail not valid", "1")]
    assert state.rejects == f"/api/v1/imports/{row.id}/rejects"
    await run(EarlierState.load, earlier)
    assert [(line.name, line.status, line.words) for line in earlier.imports] == [
        ("people.csv", "completed", "1 new and 1 refused")
    ]


async def test_a_cancelled_import_says_that_nothing_was_taken(database: str) -> None:
    state = await Tab("/customers/import", MANAGER).state(ImportState)
    row = await uploaded(PEOPLE)
    assert row.job_id
    await run(ImportState.sent, state, {"import_id": str(row.id)})
    await run(ImportState.cancel, state)
    await run_job(row.job_id, TASKS)
    await run(ImportState.watch, state)
    assert state.problem.startswith("Nothing was imported")
    async with transaction() as session:
        assert (await session.execute(text("SELECT count(*) FROM customers"))).scalar_one() == 0


async def test_a_refused_upload_leads_back_to_the_columns(database: str) -> None:
    state = await Tab("/customers/import", MANAGER).state(ImportState)
    await run(ImportState.looked, state, sent(PEOPLE))
    await run(ImportState.start, state)
    answer = said(await run(ImportState.sent, state, {"detail": "The file is larger than 1 GB."}))
    assert "larger than 1 GB" in answer
    assert state.step == MATCH
    assert "did not answer" in said(await run(ImportState.sent, state, "nonsense"))


async def test_viewers_and_the_unsigned_import_nothing(database: str) -> None:
    row = await uploaded(PEOPLE)
    viewer = Tab("/customers/import", VIEWER)
    state, earlier = await viewer.state(ImportState), await viewer.state(EarlierState)
    for handler, on, *arguments in (
        (ImportState.looked, state, sent(PEOPLE)),
        (ImportState.sent, state, {"import_id": str(row.id)}),
        (EarlierState.load, earlier),
    ):
        assert "needs the role" in said(await run(handler, on, *arguments))
    stranger = await Tab("/customers/import", None).state(ImportState)
    stranger._import = str(row.id)
    for handler, *arguments in ((ImportState.looked, sent(PEOPLE)), (ImportState.start,), (ImportState.cancel,)):
        assert "/login" in said(await run(handler, stranger, *arguments))
    await run(ImportState.watch, stranger)
    assert (stranger.step, stranger.columns, earlier.imports) == (CHOOSE, [], [])


def test_a_row_cut_off_at_the_end_of_the_head_is_dropped() -> None:
    assert head_of(sent("a,b\n1,2\n3,", size=99))[1] == b"a,b\n1,2\n"
    assert head_of(sent("a,b\n1,2"))[1] == b"a,b\n1,2"
    utf16 = "a,b\n1,2\n3,".encode("utf-16")
    assert head_of(sent(utf16, size=99))[1].decode("utf-16") == "a,b\n1,2\n"
    with pytest.raises(Invalid):
        head_of({"head": 3})


async def test_a_field_belongs_to_one_column(database: str) -> None:
    state = await Tab("/customers/import", MANAGER).state(ImportState)
    await run(ImportState.looked, state, sent(PEOPLE))
    moved = reassigned(state.columns, "Home town", "email")
    assert mapping_of(moved) == {"name": "Full name", "phone": "Mobile", "email": "Home town"}
