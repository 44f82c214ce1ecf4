"""The import wizard by its state: what a file is taken for, what is tried, what is run, what is reported."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import Actor, ActorKind
from liquor_app.core.db import transaction
from liquor_app.core.errors import NotFound
from liquor_app.core.files.store import file_store
from liquor_app.core.ids import uuid7
from liquor_app.core.queue import run as run_job
from liquor_app.imports.import_rows import ImportRow, get_import
from liquor_app.imports.tasks import TASKS
from liquor_app.imports.uploads import add_upload, start_import
from liquor_app.screens.imports.wizard import matching_state as matching_module
from liquor_app.screens.imports.wizard.columns_view import NEW, mapping_of, on_screen, reassigned
from liquor_app.screens.imports.wizard.matching_state import MatchState
from liquor_app.screens.imports.wizard.opening_state import OpeningState
from liquor_app.screens.imports.wizard.running_state import RunState
from liquor_app.screens.imports.wizard.said_of_all import NOTHING
from liquor_app.screens.imports.wizard.said_panel import PAUSE_MS, said_panel
from liquor_app.screens.imports.wizard.state import CHOOSE, MATCH, REPORT, RUN, EarlierState, ImportState
from liquor_app.screens.imports.wizard.undo_state import UndoState
from liquor_app.screens.session.background import MARK
from tests.imports.report_texts import report_text
from tests.imports.test_import_cases import FILES
from tests.imports.test_reversed_orders import people as known_people
from tests.stored import bring
from tests.tabs import Tab, run, said

pytestmark = pytest.mark.integration
MANAGER = Actor(ActorKind.USER, uuid7(), "Mo", Role.MANAGER)
_MO = """
INSERT INTO users (id, email, password_hash, full_name, role) VALUES (:id, 'mo@example.com', 'x', 'Mo', 'manager')
    ON CONFLICT DO NOTHING
"""
VIEWER = Actor(ActorKind.USER, None, "Vi", Role.USER)
PEOPLE = "Full name;Mail;Mobile;Home town\nAnn;ann@example.com;207 555 0101;Bath\nBo;nonsense;;Bath\n"


async def brought(content: str | bytes, kind: str = "customers", name: str = "people.csv") -> ImportRow:
    """A file as the HTTP route leaves it."""
    import_id = uuid7()
    key = f"{import_id}.upload"
    await bring(key, content)
    async with transaction() as session:
        # jobs ask whether whoever asked for them still may
        await session.execute(text(_MO), {"id": MANAGER.id})
        return await add_upload(session, MANAGER, import_id=import_id, kind=kind, file_name=name, file_key=key)


async def matching(row: ImportRow, actor: Actor | None = MANAGER) -> tuple[Tab, ImportState, MatchState, RunState]:
    """A tab in which the file has just been sent."""
    tab = Tab("/customers/import", actor)
    file, match, running = await tab.state(ImportState), await tab.state(MatchState), await tab.state(RunState)
    await run(OpeningState.sent, await tab.state(OpeningState), {"id": str(row.id)})
    file.kind = row.kind
    await look(MatchState.begin, match)
    return tab, file, match, running


async def look(handler: Any, state: MatchState, *arguments: Any) -> None:
    """What an event that asks for a look at the file does, and the look itself."""
    assert await run(handler, state, *arguments) is MatchState.look
    await run(MatchState.look, state)


async def people() -> int:
    async with transaction() as session:
        return int((await session.execute(text("SELECT count(*) FROM customers"))).scalar_one())


async def test_a_file_is_understood_and_tried_before_anything_is_written(database: str) -> None:
    _, file, state, _ = await matching(await brought(PEOPLE))
    assert file.step == MATCH
    assert mapping_of(state.columns) == {"name": "Full name", "email": "Mail", "phone": "Mobile"}
    assert state.columns[0].example == "Ann, Bo"
    assert state.trial == "Tried on the first 2 rows: 1 new and 1 refused (E-mail not valid 1)."
    assert [(line.number, line.outcome) for line in state.rows] == [("2", "created"), ("3", "rejected")]
    assert "nonsense" in state.rows[1].reason

    await look(MatchState.match, state, "Home town", "city")
    await look(MatchState.match, state, "Mail", "")
    assert state.trial == "Tried on the first 2 rows: 1 new and 1 refused (No e-mail, phone or customer number 1)."
    await look(MatchState.match, state, "Mobile", "password")  # no such field: left out
    assert "No column says who the customer is" in state.problem
    assert await run(MatchState.start, state) is None
    assert file.step == MATCH
    assert await people() == 0

    await look(MatchState.match, state, "Mail", "email")
    await run(MatchState.start, state)
    assert file.step == RUN


@pytest.mark.parametrize(("content", "said"), [
    # a known tool's, which is refused, and one that only its columns tell
    ("Name,Email,Financial Status,Created at,Lineitem quantity,Lineitem name,Lineitem price\n"
     "#1,ann@example.com,paid,2026-10-03 18:14:00 -0400,1,Rye,50.00\n", "refused"),
    ("Receipt No,Email,Sale Date,Item,Line Total\n1,ann@example.com,2026-10-03,Rye,50.00\n", "tried"),
])  # fmt: skip
async def test_a_file_of_another_kind_is_read_as_that_by_one_press(database: str, content: str, said: str) -> None:
    async with transaction() as session:
        await session.execute(text("INSERT INTO customers (email, email_key) VALUES ('a', 'ann@example.com')"))
    _, file, state, _ = await matching(await brought(content))
    assert (state.meant, bool(state.problem)) == ("purchases", said == "refused")
    await look(MatchState.read_as, state, "purchases")
    assert (file.kind, state.meant, state.problem) == ("purchases", "", "")
    assert state.trial.startswith("Tried on the first 1 row: 1 ")
    assert state.totals[2].made == "$50.00"
    await look(MatchState.read_as, state, "customers")
    assert (file.kind, state.meant) == ("customers", "purchases")
    assert await run(MatchState.read_as, state, "secrets") is not MatchState.look
    assert (await file._row()).kind == "customers"


async def test_buyers_nobody_knows_are_told_and_made_by_one_press(database: str) -> None:
    sales = "order id,customer id,date,amount\n1,A-1,2026-03-01,5\n1,A-1,2026-03-01,6\n2,B-1,2026-03-01,7\n"
    _, file, state, _ = await matching(await brought(sales, "purchases"))
    assert state.stranger_note.startswith("2 buyers of the tried rows are not known yet; 3 lines would be refused.")
    await look(MatchState.create_strangers, state, True)
    assert state.stranger_note == "2 buyers of the tried rows are not known yet and will be created."
    assert [line.made for line in state.totals] == ["3", "2", "$18.00"]
    await run(MatchState.start, state)
    row = await file._row()
    assert row.options["unknown_customers"] == "create"
    assert row.job_id
    await run_job(row.job_id, TASKS)
    assert await people() == 2
    assert report_text(await file._row()).splitlines() == [
        "Imported, all of it: 3 rows.", "Rows in the file: 3", "Orders new (3 lines): 2", "Rows refused: 0",
        "The orders come to: $18.00", "The file's own total (“amount”): $18.00",
        "Customers made of buyers nobody knew: by number, e-mail or phone alone, without consent: 2",
    ]  # fmt: skip
    assert state.trial.startswith("Tried on the first 3 rows: 2 orders new (3 lines).")
    async with transaction() as session:
        bell = (await session.execute(text("SELECT body FROM notifications"))).scalar_one()
    assert bell == "2 orders new (3 lines), 0 refused."


async def test_a_file_of_products_can_be_undone(database: str) -> None:
    _, file, match, running = await matching(await brought("sku,name,stock\nG-1,Gin,3\n", "products"))
    await run(MatchState.start, match)
    row = await file._row()
    assert row.job_id
    await run_job(row.job_id, TASKS)
    await run(RunState.watch, running)
    assert (file.step, running.can_undo, running.no_undo) == (REPORT, True, "")


async def test_dates_are_read_by_evidence_and_can_be_read_otherwise(database: str) -> None:
    _, _, state, _ = await matching(await brought("email;dob\nann@example.com;24/03/1980\nbo@example.com;01/02/1981\n"))
    assert (state.date_order, state.date_note) == ("dmy", "1 row such as 24/03/1980 says so.")
    assert "2 new" in state.trial
    await look(MatchState.choose_date_order, state, "mdy")
    assert state.date_note.startswith("The file seems to say otherwise")
    assert "2 new. Cells that could not be read are left blank: Date of birth 1." in state.trial
    assert await run(MatchState.choose_date_order, state, "nonsense") is None
    assert state.date_order == "mdy"


async def test_letters_are_told_by_the_file_and_can_be_read_otherwise(database: str) -> None:
    _, file, state, running = await matching(
        await brought("E-mail,Pr\u201anom\na@x.example,Andr\u201a\n".encode("cp1252"))
    )
    assert (state.encoding, state.letters_note[:24]) == ("cp1252", "Words look odd in them. ")
    await look(MatchState.match, state, "Pr\u201anom", "first_name")
    await look(MatchState.choose_encoding, state, "cp850")
    assert [line.name for line in state.columns] == ["E-mail", "Pr\u00e9nom"]
    assert (state.columns[1].example, state.letters_note) == ("Andr\u00e9", "Chosen by hand.")
    assert await run(MatchState.choose_encoding, state, "rot13") is None
    await look(MatchState.choose_encoding, state, "utf-16")
    assert state.problem
    await look(MatchState.choose_encoding, state, "cp850")
    await look(MatchState.match, state, "Pr\u00e9nom", "name")
    row = await file._row()
    assert row.options["encoding"] == "cp850"
    await look(MatchState.begin, state)  # the page is loaded anew
    assert (state.encoding, state.columns[1].becomes) == ("cp850", "name")
    await run(MatchState.start, state)
    row = await file._row()
    assert row.job_id
    await run_job(row.job_id, TASKS)
    await run(RunState.watch, running)
    async with transaction() as session:
        assert (await session.execute(text("SELECT name FROM customers"))).scalar_one() == "Andr\u00e9"


async def test_other_letters_leave_what_was_matched(database: str) -> None:
    _, _, state, _ = await matching(await brought("Mail,What\na@x.example,Andr\u00e9\n".encode("cp1252")))
    await look(MatchState.match, state, "What", "city")
    await look(MatchState.choose_encoding, state, "mac_roman")
    assert [(line.becomes, line.example) for line in state.columns] == [
        ("email", "a@x.example"), ("city", "Andr\u00c8"),
    ]  # fmt: skip


async def test_receipt_numbers_are_told_by_the_file_and_can_be_read_otherwise(database: str, tmp_path: Path) -> None:
    await known_people(tmp_path)
    rows = "Receipt,Store,Email,Date,Amount\n1,N,a@x.example,2026-10-01,5.00\n1,S,b@x.example,2026-10-01,7"
    _, _, state, _ = await matching(await brought(rows, kind="purchases"))
    assert (state.numbers_stores, state.numbering) == (True, "store")
    assert state.numbering_note == "Number 1 was sold anew in 2 stores."
    assert "2 orders new" in state.trial
    await look(MatchState.choose_numbering, state, "shop")
    assert state.numbering_note.startswith("The file seems to say otherwise")
    assert "2 orders new" not in state.trial
    assert await run(MatchState.choose_numbering, state, "nonsense") is None
    assert state.numbering == "shop"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "empty"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "no CSV or Excel file"),
        (b"PK\x03\x04rest of a workbook", "Excel workbook"),
        ("[]", "no objects"),
        ("a\n", "who the"),
    ],
)
async def test_what_is_no_table_is_refused_in_words(database: str, content: str | bytes, problem: str) -> None:
    _, file, state, _ = await matching(await brought(content))
    assert problem in state.problem
    assert await run(MatchState.start, state) is None
    assert file.step == MATCH


async def test_an_import_is_followed_to_its_report_and_found_again(database: str) -> None:
    tab, file, match, running = await matching(await brought(PEOPLE))
    await run(MatchState.start, match)
    row = await file._row()
    assert row.job_id
    await run_job(row.job_id, TASKS)
    await run(RunState.watch, running)
    assert file.step == REPORT
    assert running.words == "Imported: 1 of 2 rows."
    assert (running.tone, running.can_resume) == ("green", False)
    assert [(line.words, line.count) for line in running.reasons] == [("E-mail not valid", "1")]
    assert running.rejects == f"/api/v1/imports/{row.id}/rejects"
    earlier = await tab.state(EarlierState)
    await run(EarlierState.load, earlier)
    assert [(line.name, line.status, line.words) for line in earlier.rows] == [
        ("people.csv", "completed", "1 new and 1 refused")
    ]
    again = Tab(f"/customers/import?import={row.id}", MANAGER)  # the page loaded anew
    state, report = await again.state(ImportState), await again.state(RunState)
    await run(OpeningState.load, await again.state(OpeningState))
    await run(RunState.report, report)
    assert (state.step, state.name, report.words) == (REPORT, "people.csv", running.words)


async def test_an_import_is_undone_after_what_it_would_do_was_shown(database: str) -> None:
    tab, file, match, running = await matching(await brought(PEOPLE))
    undo, earlier = await tab.state(UndoState), await tab.state(EarlierState)
    await run(MatchState.start, match)
    row = await file._row()
    assert row.job_id
    await run_job(row.job_id, TASKS)
    await run(RunState.watch, running)
    assert running.can_undo
    assert await run(UndoState.ask, undo) is UndoState.count
    assert (undo.asking, undo.counting) == (True, True)
    await run(UndoState.count, undo)
    assert [(line.words, line.count) for line in undo.lines] == [("Will be removed: customer", "1")]
    await run(UndoState.close, undo, False)
    assert (undo.asking, await people()) == (False, 1)
    assert await run(UndoState.undo, undo) is UndoState.watch
    await run(UndoState.cancel, undo)
    await run(UndoState.watch, undo)
    assert running.words.startswith("It was undone in part, and can be undone further. Below is what it had taken.")
    await run(UndoState.undo, undo)
    reopened = await tab.state(OpeningState)
    assert UndoState.watch in await run(OpeningState.open, reopened, str(row.id))
    row = await file._row()
    assert row.job_id
    await run_job(row.job_id, TASKS)
    await run(UndoState.watch, undo)
    assert running.words.startswith("It was undone; nothing of it is left to undo.")
    assert (running.undoing, running.can_undo, await people()) == (False, False, 0), "“Undo what is left” stood there"
    assert [(line.words, line.count) for line in running.undone] == [("Removed: customer", "1")]
    await run(EarlierState.load, earlier)
    assert [line.status for line in earlier.rows] == ["undone"]
    await run(UndoState.ask, undo)
    await run(UndoState.count, undo)
    assert undo.is_nothing


async def test_a_trial_is_turned_page_by_page_beside_the_files_own_totals(database: str) -> None:
    content = "email,Shoe size\n" + "".join(f"p{n}@example.com,4\n" for n in range(30)) + "bad,4\n" * 25
    _, _, match, _ = await matching(await brought(content))
    assert [(line.words, line.file, line.made) for line in match.totals] == [("Rows", "55", "30")]
    assert match.seen_note == "Columns left out: “Shoe size”."
    assert (len(match.rows), match.pages, match.at_page) == (20, 3, 0)
    assert {line.outcome for line in match.rows} == {"rejected"}, "those with a warning come first"
    for turn, page in ((1, 1), (1, 2), (9, 2), (-1, 1), (-1, 0), (-7, 0)):
        await run(MatchState.turn, match, turn)
        assert match.at_page == page
    await run(MatchState.turn, match, 1)
    assert [line.outcome for line in match.rows] == ["rejected"] * 5 + ["created"] * 15
    assert match.rows[-1].becomes == "E-mail: p14@example.com · Country: US · Language: en"


async def test_a_cancelled_import_says_what_stays_and_can_go_on(database: str) -> None:
    _, file, match, running = await matching(await brought(PEOPLE))
    await run(MatchState.start, match)
    await run(RunState.cancel, running)
    await run(RunState.watch, running)
    assert (file.step, running.words, running.can_resume) == (REPORT, "Stopped. Nothing was imported.", True)
    assert await people() == 0
    await run(RunState.resume, running)
    assert file.step == RUN
    row = await file._row()
    assert row.job_id
    await run_job(row.job_id, TASKS)
    await run(RunState.watch, running)
    assert (file.step, await people()) == (REPORT, 1)
    assert "An import that is completed cannot become cancelled" in said(await run(RunState.cancel, running))


async def test_a_refused_upload_is_said(database: str) -> None:
    tab = Tab("/customers/import", MANAGER)
    state, opening = await tab.state(ImportState), await tab.state(OpeningState)
    assert "importFile.send" in said(await run(ImportState.send, state))
    answer = said(await run(OpeningState.sent, opening, {"detail": "The file is larger than 5 GB."}))
    assert "larger than 5 GB" in answer
    assert (state.step, state.sending) == (CHOOSE, False)
    assert "did not answer" in said(await run(OpeningState.sent, opening, "nonsense"))


async def test_viewers_and_the_unsigned_import_nothing(database: str) -> None:
    row = await brought(PEOPLE)
    viewer = Tab(f"/customers/import?import={row.id}", VIEWER)
    state, earlier = await viewer.state(ImportState), await viewer.state(EarlierState)
    match, running = await viewer.state(MatchState), await viewer.state(RunState)
    opening, undo = await viewer.state(OpeningState), await viewer.state(UndoState)
    state._import = str(row.id)
    for handler, on, *arguments in (
        (OpeningState.load, opening),
        (OpeningState.open, opening, str(row.id)),
        (OpeningState.sent, opening, {"id": str(row.id)}),
        (MatchState.begin, match),
        (MatchState.choose_policy, match, "keep"),
        (MatchState.turn, match, 1),
        (RunState.report, running),
        (RunState.cancel, running),
        (RunState.resume, running),
        (UndoState.ask, undo),
        (UndoState.undo, undo),
        (UndoState.cancel, undo),
        (EarlierState.load, earlier),
    ):
        assert "needs the role" in said(await run(handler, on, *arguments)), handler
    strange = Tab("/customers/import", None)
    stranger, running = await strange.state(ImportState), await strange.state(RunState)
    stranger._import, stranger.step = str(row.id), MATCH
    for handler, on in ((MatchState.start, await strange.state(MatchState)), (RunState.cancel, running)):
        assert "/login" in said(await run(handler, on))
    await run(RunState.watch, running)
    assert (earlier.rows, running.rejects) == ([], "")
    assert (await state_of(row)).status == "preview"


async def state_of(row: ImportRow) -> ImportRow:
    async with transaction() as session:
        return await get_import(session, MANAGER, row.id)


async def test_a_column_of_consent_without_evidence_says_why_it_does_not_count(database: str) -> None:
    _, _, match, _ = await matching(await brought("email,Email consent\nann@example.com,yes\nbo@example.com,no\n"))
    assert mapping_of(match.columns) == {"email": "email", "email_consent": "Email consent"}
    assert "2 new. Consent left out of 1 row" in match.trial
    assert "where and when it was given" in match.trial
    reason = next(line.reason for line in match.rows if "ann" in line.who)
    assert reason.startswith("The consent of “Email consent” ('yes') is left out: each counts only with")


async def test_a_file_before_shows_nothing_under_the_name_of_the_next(database: str) -> None:
    """Found in a browser: while a workbook was read, the columns of the file before stood there, ready to import."""
    first, second = await brought(PEOPLE), await brought("email\nann@example.com\n", name="second.csv")
    tab, file, match, running = await matching(first)
    running.words = "2 rows: 1 new"
    assert (match.reading, match.trial != "") == (False, True)
    await run(OpeningState.sent, await tab.state(OpeningState), {"id": str(second.id)})
    # in the very push that carries the new name
    assert (file.name, match.columns, match.trial, match.rows, running.words) == ("second.csv", [], "", [], "")
    assert await run(MatchState.begin, match) is MatchState.look
    assert (match.reading, match.columns) == (True, [])
    assert "still being read" in said(await run(MatchState.start, match))
    assert (file.step, (await state_of(second)).status) == (MATCH, "preview")
    await run(MatchState.look, match)
    assert (match.reading, mapping_of(match.columns)) == (False, {"email": "email"})


async def test_a_page_that_is_loaded_anew_goes_on_with_what_was_chosen(database: str) -> None:
    row = await brought("mail,Email consent,Shoe size\nann@example.com,yes,38\nbo@example.com,no,41\n")
    _, _, match, _ = await matching(row)
    await look(MatchState.say_of_all, match, "email_consent_source", "Checkbox at checkout")
    await look(MatchState.say_of_all, match, "email_consent_at", "2026-01-05")
    await look(MatchState.choose_policy, match, "overwrite")
    await look(MatchState.match, match, "Shoe size", NEW + "number")
    _, file, again, _ = await matching(row)
    assert (again.said["email_consent_source"], again.said["email_consent_at"], again.policy) == (
        "Checkbox at checkout",
        "2026-01-05",
        "overwrite",
    )
    assert mapping_of(again.columns) == mapping_of(match.columns)
    assert "custom.number.shoe_size" in dict(again.choices)
    assert (again.trial, again.problem) == (match.trial, "")
    assert "left out" not in again.trial
    assert await run(MatchState.start, again) is RunState.watch
    started = await file._row()
    assert started.options["constants"] == {
        "email_consent_source": "Checkbox at checkout",
        "email_consent_at": "2026-01-05",
    }


async def test_what_is_still_being_read_is_there_when_the_page_is_loaded_anew(database: str) -> None:
    """Found by somebody at work: whoever loaded the page anew while the file was read lost what was said last."""
    row = await brought("mail,Email consent,Shoe size\nann@example.com,yes,38\n")
    _, _, match, _ = await matching(row)
    await look(MatchState.say_of_all, match, "email_consent_source", "Checkbox at checkout")
    assert await run(MatchState.match, match, "Shoe size", NEW + "number") is MatchState.look
    assert await run(MatchState.say_of_all, match, "email_consent_at", "soon") is MatchState.look
    _, _, again, _ = await matching(row)
    assert mapping_of(again.columns)["custom.number.shoe_size"] == "Shoe size"
    assert (again.said["email_consent_source"], again.said["email_consent_at"]) == (
        "Checkbox at checkout",
        "soon",
    )  # to be mended there
    assert await run(MatchState.say_of_all, again, "email_consent_wording", "Send me offers") is MatchState.look
    _, _, then, _ = await matching(row)
    assert (then.said["email_consent_source"], then.said["email_consent_wording"]) == (
        "Checkbox at checkout",
        "Send me offers",
    )


def test_what_is_typed_is_kept_before_its_field_is_left() -> None:
    """Before, whoever loaded the page anew while in a field lost what was in it."""
    drawn = str(said_panel())
    typed = [name for name in NOTHING if name not in ("email_consent", "sms_consent")]
    assert drawn.count(f'["debounce"] : {PAUSE_MS}') == len(typed)
    assert [name for name in typed if drawn.count(f'["field"] : "{name}"') < 2] == []


async def test_a_field_that_was_only_left_starts_nothing_and_a_press_waits_for_the_read(database: str) -> None:
    """Found by somebody at work: each press of Import that left a field was refused, because leaving it read anew."""
    row = await brought("mail,Email consent\nann@example.com,yes\n")
    _, file, match, _ = await matching(row)
    for handler, held in (
        (MatchState.choose_policy, match.policy), (MatchState.choose_date_order, match.date_order),
        (MatchState.choose_decimal, match.decimal), (MatchState.choose_numbering, match.numbering),
    ):  # fmt: skip
        assert await run(handler, match, held) is None
        assert not match.reading
    for field in NOTHING:
        assert await run(MatchState.say_of_all, match, field, " ") is None
    assert await run(MatchState.match, match, "mail", "email") is None
    # typed, left by the press itself: it waits, is shown as waiting, and starts what was typed
    assert await run(MatchState.say_of_all, match, "email_consent_source", "Checkbox") is MatchState.look
    assert await run(MatchState.start, match) is None
    assert (match.pressed, match.reading, file.step) == (True, True, MATCH)
    # changed after the press: that is looked at first
    assert await run(MatchState.match, match, "mail", "") is MatchState.look
    assert not match.pressed
    assert await run(MatchState.start, match) is None
    await run(MatchState.look, match)
    assert (bool(match.problem), match.pressed, file.step) == (True, False, MATCH)  # what was read is no good
    await look(MatchState.match, match, "mail", "email")
    assert await run(MatchState.say_of_all, match, "email_consent_at", "2026-01-05") is MatchState.look
    assert await run(MatchState.start, match) is None
    assert await run(MatchState.look, match) is RunState.watch
    assert (file.step, match.pressed) == (RUN, False)
    assert (await file._row()).options["constants"] == {
        "email_consent_source": "Checkbox",
        "email_consent_at": "2026-01-05",
    }


async def test_a_late_answer_for_another_file_is_dropped(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = await brought(PEOPLE), await brought("email\nann@example.com\n", name="second.csv")
    tab, _, match, _ = await matching(first)
    opening = await tab.state(OpeningState)
    opened, go_on, real = asyncio.Event(), asyncio.Event(), matching_module.look_at

    async def slow(actor: Actor, question: matching_module.Question) -> matching_module.Answer:
        if question.row.id == first.id:
            opened.set()
            await go_on.wait()
        return await real(actor, question)

    monkeypatch.setattr(matching_module, "look_at", slow)
    await run(OpeningState.open, opening, str(first.id))
    await run(MatchState.begin, match)
    late = asyncio.create_task(run(MatchState.look, match))
    await opened.wait()
    await run(OpeningState.open, opening, str(second.id))
    go_on.set()
    await late
    assert match.columns == []  # the first file's came under the second's name
    await look(MatchState.begin, match)
    assert mapping_of(match.columns) == {"email": "email"}
    assert await run(MatchState.start, match) is RunState.watch


async def test_what_is_chosen_while_the_file_is_read_counts(database: str) -> None:
    _, _, match, _ = await matching(await brought("email;dob\nann@example.com;24/03/1980\n"))
    await run(MatchState.match, match, "dob", "")
    await run(MatchState.match, match, "dob", "date_of_birth")
    await run(MatchState.choose_policy, match, "keep")
    await run(MatchState.look, match)
    assert (match.policy, match.date_order, match.reading) == ("keep", "dmy", False)
    assert "1 new" in match.trial


async def test_a_look_that_breaks_says_so_and_leaves_nothing_to_import(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, _, match, _ = await matching(await brought(PEOPLE))

    async def breaks(*_: Any) -> Any:
        raise RuntimeError("a worker was killed")

    monkeypatch.setattr(matching_module, "look_at", breaks)
    await run(MatchState.choose_policy, match, "keep")
    with pytest.raises(RuntimeError):
        await run(MatchState.look, match)
    assert (match.reading, match.trial, match.problem) == (False, "", matching_module.UNREADABLE)
    assert await run(MatchState.start, match) is None


def test_files_are_read_in_the_background() -> None:
    """The tab's state is not held while a file is read: its lock would expire, and with it the tab."""
    assert getattr(MatchState.look.fn, MARK)


async def test_a_field_belongs_to_one_column(database: str) -> None:
    _, _, state, _ = await matching(await brought(PEOPLE))
    moved = reassigned(state.columns, "Home town", "email")
    assert mapping_of(moved) == {"name": "Full name", "phone": "Mobile", "email": "Home town"}


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (
            "map amount to “amount”, external_id to “Kunde”",
            "map “What was paid” to “amount”, “Customer number” to “Kunde”",
        ),
        (
            "No column holds amount. The file has the columns external_id, amount.",
            "No column holds “What was paid”. The file has the columns external_id, amount.",
        ),
        ("unit_price must be a number, not 'unit_price'.", "“Unit price” must be a number, not 'unit_price'."),
        ("The order's amount and the line's", "The order's “What was paid” and the line's"),
        ("neither an e-mail nor an external id.", "neither an e-mail nor a customer number."),
    ],
)
def test_fields_are_called_as_the_menus_call_them(said: str, shown: str) -> None:
    assert on_screen(said) == shown


async def test_a_refusal_on_the_page_names_what_is_on_the_page(database: str) -> None:
    """Before, it said `external_id`, `occurred_at` and `amount`, which stand nowhere on the screen."""
    _, _, match, _ = await matching(await brought("Kunde,When\n1,2026-01-01\n", "purchases"))
    await look(MatchState.match, match, "Kunde", "external_id")
    assert "“What was paid”" in match.problem or "“When it was bought”" in match.problem
    for name in ("external_id", "occurred_at", "amount", "unit_price"):
        assert name not in match.problem
    _, _, match, _ = await matching(
        await brought("Order Id,E-Mail,Date,Amount\n1,a@b.example,2026-01-01,lots\n", "purchases")
    )
    assert match.rows[0].reason.startswith("“Amount” must be a number")


async def test_a_file_of_orders_with_a_status_is_refused_on_the_page(database: str) -> None:
    """Orders of no tool we know: the words are there, and Start does nothing."""
    orders = (FILES / "02_shopify_orders.csv").read_bytes().replace(b"Name,", b"Nr,", 1)
    row = await brought(orders, "purchases", "orders.csv")
    _, file, state, _ = await matching(row)
    assert "“Financial Status”" in state.problem
    assert "map the order's number" in state.problem
    assert state.trial == ""
    assert await run(MatchState.start, state) is None
    assert file.step == MATCH


SHOPIFY = (FILES / "01_shopify_customers.csv").read_text()


async def test_a_known_tools_file_says_whose_it_is_and_may_be_read_otherwise(database: str) -> None:
    _, _, state, _ = await matching(await brought(SHOPIFY))
    assert (state.known_as, state.by_columns) == ("Shopify customers", False)
    by_tool = {line.name: line.becomes for line in state.columns}
    assert by_tool["Default Address Zip"] == "postal_code"
    assert by_tool["Phone"] != "phone", "put together with the address's"
    await look(MatchState.read_by_columns, state, True)
    assert (state.known_as, state.by_columns) == ("", True)
    assert {line.name: line.becomes for line in state.columns} == by_tool | {"Phone": "phone"}
    await look(MatchState.read_by_columns, state, False)
    assert state.known_as == "Shopify customers"


async def test_one_source_and_day_for_everybody_who_agreed(database: str) -> None:
    _, file, state, _ = await matching(await brought(SHOPIFY))
    assert state.asks_evidence
    assert "Consent left out of 2 rows" in state.trial
    await look(MatchState.say_of_all, state, "email_consent_source", "Checkbox at checkout")
    await look(MatchState.say_of_all, state, "email_consent_at", "2026-01-05")
    await look(MatchState.say_of_all, state, "email_consent_wording", " Send me offers ")
    assert "Consent left out of 1 row" in state.trial, "a yes to texts needs a proof of its own"
    await look(MatchState.say_of_all, state, "sms_consent_source", "Text box at checkout")
    await look(MatchState.say_of_all, state, "sms_consent_at", "2026-01-06")
    assert "Consent left out" not in state.trial
    await run(MatchState.start, state)
    assert file.step == RUN
    async with transaction() as session:
        options = (await session.execute(text("SELECT options FROM imports"))).scalar_one()
    assert options["constants"] == {
        "email_consent_source": "Checkbox at checkout", "email_consent_at": "2026-01-05",
        "email_consent_wording": "Send me offers", "sms_consent_source": "Text box at checkout",
        "sms_consent_at": "2026-01-06",
    }  # fmt: skip


async def _stored(row: ImportRow) -> bool:
    return await file_store().find(row.stored) is not None


async def test_choosing_another_file_forgets_the_one_in_hand(database: str) -> None:
    """Before, each stayed as a preview for seven days: the 26th file was refused, and nothing removed one."""
    row = await brought(PEOPLE)
    tab, file, _, _ = await matching(row)
    await run(OpeningState.again, await tab.state(OpeningState))
    assert (file.step, await _stored(row)) == (CHOOSE, False)
    async with transaction() as session:
        with pytest.raises(NotFound):
            await get_import(session, MANAGER, row.id)
        told = (await session.execute(text("SELECT action FROM audit_log ORDER BY id DESC LIMIT 1"))).scalar_one()
    assert told == "import.discarded"


async def test_a_file_of_the_list_is_forgotten_only_once_somebody_said_so(database: str) -> None:
    row = await brought(PEOPLE)
    tab, *_ = await matching(row)
    opening = await tab.state(OpeningState)
    await run(OpeningState.ask_discard, opening, str(row.id))
    assert opening.discarding_name == row.file_name
    await run(OpeningState.discard_open, opening, False)
    await run(OpeningState.discard, opening)
    assert await _stored(row)
    await run(OpeningState.ask_discard, opening, str(row.id))
    await run(OpeningState.discard, opening)
    assert (opening.discarding, await _stored(row)) == ("", False)


async def test_choosing_another_file_forgets_no_colleagues_and_nothing_started(database: str) -> None:
    row = await brought(PEOPLE)
    tab, *_ = await matching(row, Actor(ActorKind.USER, uuid7(), "Jo", Role.MANAGER))
    await run(OpeningState.again, await tab.state(OpeningState))
    assert await _stored(row)
    tab, _, match, _ = await matching(row)
    await run(MatchState.start, match)
    await run(OpeningState.again, await tab.state(OpeningState))
    assert await _stored(row)


async def test_a_file_of_the_list_is_discarded(database: str) -> None:
    row, kept = await brought(PEOPLE), await brought(PEOPLE)
    tab = Tab("/customers/import", MANAGER)
    opening = await tab.state(OpeningState)
    await run(OpeningState.ask_discard, opening, str(row.id))
    assert await run(OpeningState.discard, opening) is EarlierState.load
    assert (await _stored(row), await _stored(kept)) == (False, True)
    await run(OpeningState.ask_discard, opening, str(kept.id))
    async with transaction() as session:
        await start_import(session, MANAGER, kept.id, kind="customers")
    assert "cannot be discarded. Undo it instead." in said(await run(OpeningState.discard, opening))
    assert await _stored(kept)
