"""No silent wrong sum: what a file of purchases leaves out, and may matter, is asked about, told, and answered."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.db import transaction
from liquor_app.core.errors import Invalid
from liquor_app.core.queue import run as run_job
from liquor_app.imports.cleaning.doubts.doubt import check_answers
from liquor_app.imports.cleaning.doubts.doubtful_kinds import LaterWords
from liquor_app.imports.dry_run import Trial, try_file
from liquor_app.imports.tasks import TASKS
from liquor_app.screens.imports.wizard.matching_state import MatchState
from liquor_app.screens.imports.wizard.state import MATCH
from tests.imports.report_texts import report_text
from tests.imports.test_drop_folders import log, root, source  # noqa: F401 - a fixture
from tests.imports.test_drop_folders import look as look_at_folder
from tests.imports.test_import_cases import many, run, write
from tests.imports.test_import_pages import brought, look, matching
from tests.imports.test_import_pages import people as how_many_people
from tests.imports.test_reversed_orders import orders, people
from tests.tabs import run as press

pytestmark = pytest.mark.integration
HEAD = "Order ID,Date,Email,"


def sales(path: Path, columns: str, *rows: str) -> Path:
    """Orders of two people known, a day each: the cells of `columns`."""
    whose = ("a", "a", "b", "b")
    lines = [f"{nth + 1},2026-03-0{nth + 1},{whose[nth % 4]}@x.example,{row}" for nth, row in enumerate(rows)]
    return write(path / "sales.csv", HEAD + columns, *lines)


async def tried(path: Path, kind: str = "purchases", **options: Any) -> Trial:
    async with transaction() as session:
        return await try_file(session, SYSTEM, kind=kind, path=path, limit=20, watch=True, options=options)


ASKED = {
    "a refund in other words": ("Total,Kulanz", ("80.00,30.00", "9.00,0.00", "5.00,0.00"), "Kulanz", "$64.00"),
    "a sum nobody names": ("Total,Zusatz", ("80.00,50.00", "9.00,9.50", "5.00,5.50"), "Zusatz", "$65.00"),
    "whole numbers of the sums' size": ("Total,Abzug", ("80,30", "9,0", "5,0"), "Abzug", "$64.00"),
    "yes and no": ("Credit,Total", ("N,80.00", "Y,30.00", "N,5.00", "N,9.00"), "Credit", "$64.00"),
    "in and out": ("Direction,Total", ("out,80.00", "in,30.00", "out,5.00", "out,9.00"), "Direction", "$64.00"),
    "letters": ("Vorgang,Total", ("A,80.00", "B,30.00", "A,5.00", "A,9.00"), "Vorgang", "$64.00"),
    "a mark on few rows": ("Hinweis,Total", (",80.00", "#,30.00", ",5.00", ",9.00"), "Hinweis", "$64.00"),
    "a subtotal and a discount without a total": (
        "Subtotal,Discount", ("50.00,-5.00", "50.00,5.00", "10.00,0"), "Discount", "$100.00",
    ),
    "two discounts without a total": (
        "Subtotal,Loyalty Discount,Coupon Discount", ("50.00,5.00,2.00", "20.00,0.00,4.00"), "Loyalty Discount",
        "$59.00",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ASKED)
async def test_what_is_left_out_and_may_matter_is_asked(database: str, tmp_path: Path, name: str) -> None:
    """Before, each was left out in silence."""
    await people(tmp_path)
    columns, rows, column, other_sum = ASKED[name]
    file = sales(tmp_path, columns, *rows)
    found = await tried(file)
    assert [one.column for one in found.asked] == [column]
    assert other_sum in found.asked[0].words, "it says what the sum would be"
    report = await run(file, "purchases")
    assert report.doubts == [found.asked[0].words], "the report of a file that nobody watched tells it too"
    assert (await tried(file, changes_nothing=[column])).asked == ()


QUIET = {
    "taxes in a total beside the subtotal": ("Subtotal,Tax,Total", ("50.00,4.00,54.00", "20.00,1.60,21.60")),
    "three of them": ("Subtotal,CRV,Service Fee,Total", ("50.00,1.00,2.00,53.00", "20.00,2.00,1.00,23.00")),
    "how it was paid": ("Cash,Credit Card,Total", ("50.00,0.00,50.00", "5.00,15.00,20.00")),
    "who sold it, where, and how": (
        "Register,Cashier,Payment Method,Channel,Total",
        ("R1,Sam,Visa,Web,1.00", "R2,Ann,Cash,Store,2.00", "R1,Sam,Visa,Web,3.00", "R1,Sam,Cash,Store,4.00"),
    ),
    "numbers that are no money": ("Points,Register No,Margin,Total", ("10,1,3.00,30.00", "20,2,4.00,40.00")),
    "what it costs": ("Item,Qty,Unit Price,Unit Cost,Line Total", ("Rye,2,20.00,12.00,40.00", "Gin,1,9.00,5.00,9.00")),
    "the same sum again": ("Total,Net Payable", ("80.00,80.00", "9.00,9.00")),
    "a discount that is off already": (
        "Item,Qty,Unit Price,Discount,Line Total", ("Rye,2,20.00,4.00,36.00", "Gin,1,9.00,0.00,9.00"),
    ),
    "a discount of more than there was": (
        "Subtotal,Discount,Total", ("50.00,60.00,0.00", "9.00,0.00,9.00", "20.00,5.00,15.00"),
    ),
    "signs that the sums have": ("Vorgang,Total", ("A,80.00", "B,-30.00", "A,5.00", "A,9.00")),
}  # fmt: skip


@pytest.mark.parametrize("name", QUIET)
async def test_what_cannot_matter_is_not_asked(database: str, tmp_path: Path, name: str) -> None:
    await people(tmp_path)
    columns, rows = QUIET[name]
    assert (await tried(sales(tmp_path, columns, *rows))).asked == ()


async def test_an_answer_says_what_rows_are(database: str, tmp_path: Path) -> None:
    await people(tmp_path)
    file = sales(tmp_path, "Vorgang,Total", "A,80.00", "B,30.00", "A,5.00", "C,9.00")
    kinds = {"A": "sale", "B": "given_back", "C": "no_sale"}
    report = await run(file, "purchases", options={"row_kinds": {"Vorgang": kinds}})
    assert report.doubts == []
    assert await orders() == {"1": "80.00", "2": "-30.00", "3": "5.00"}


async def test_another_word_further_down_is_told(database: str, tmp_path: Path) -> None:
    """The first thousand rows say one thing; before, the file's end was as silent."""
    await people(tmp_path)
    rows = [f"{nth},2026-03-01,a@x.example,K,1.00" for nth in range(1_100)]
    file = write(tmp_path / "long.csv", f"{HEAD}Vorgang,Total", *rows, "9999,2026-03-02,a@x.example,S,1.00")
    report = await run(file, "purchases")
    [words] = report.doubts
    assert "“Vorgang” is left out, and says “s” in 1" in words


def test_a_column_of_any_text_is_no_kind_of_row() -> None:
    later = LaterWords(["Text"], {0: "K"})
    for nth in range(40):
        later.see([f"bottle number {nth}"])
    assert (later.told(), bool(later)) == ([], False)


@pytest.mark.parametrize("wrong", [
    {"changes_nothing": "Total"}, {"changes_nothing": [1]}, {"row_kinds": []}, {"row_kinds": {"Doc": {"A": "sold"}}},
    {"changes_nothing": [str(nth) for nth in range(300)]},
])  # fmt: skip
def test_answers_have_a_shape(wrong: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        check_answers(wrong)


async def test_a_drop_folder_waits_for_an_answer_and_takes_it(root: Path, tmp_path: Path) -> None:  # noqa: F811
    """A file nobody watches, and that may come to another sum, is not taken; a hand-run import's answer holds."""
    await people(tmp_path)
    till = await source(kind="purchases")
    (root / "till" / "one.csv").write_text(sales(tmp_path, "Vorgang,Total", "A,80.00", "B,30.00", "A,5.00").read_text())
    for _ in range(2):
        await look_at_folder(till)
    [row] = await log()
    assert row.state == "failed"
    [error] = [one.error for one in await many("SELECT error FROM imports WHERE status = 'failed'")]
    assert "“Vorgang” is left out" in error
    assert "Import it by hand once" in error
    assert await orders() == {}

    by_hand = sales(tmp_path, "Vorgang,Total", "A,80.00")
    await run(by_hand, "purchases", options={"row_kinds": {"Vorgang": {"A": "sale", "B": "given_back"}}})
    next_file = root / "till" / "two.csv"
    next_file.write_text(sales(tmp_path, "Vorgang,Total", "A,80.00", "B,30.00", "A,5.00").read_text())
    os.utime(next_file, (1_700_000_000, 1_700_000_000))
    for _ in range(2):
        await look_at_folder(till)
    assert await orders() == {"1": "80.00", "2": "-30.00", "3": "5.00"}


async def test_a_tools_own_file_is_never_asked_about(database: str) -> None:
    for name in ("02_shopify_orders.csv", "03_square_transactions.csv", "07_clover_line_items.csv"):
        assert (await tried(Path("tests/imports/files") / name)).asked == ()


async def test_the_page_asks_before_it_imports(database: str, tmp_path: Path) -> None:
    await people(tmp_path)
    content = sales(tmp_path, "Vorgang,Zusatz,Total", "A,0.00,80.00", "B,7.00,30.00", "A,0.00,5.00").read_text()
    _, file, state, _ = await matching(await brought(content, "purchases", "sales.csv"))
    assert [(one.column, one.of_kinds) for one in state.doubts] == [("Vorgang", True), ("Zusatz", False)]
    assert [(one.value, one.kind) for one in state.doubt_values] == [("A", ""), ("B", "")]
    await press(MatchState.start, state)
    assert (file.step, (await file._row()).job_id) == (MATCH, None), "nothing is imported before it is answered"

    await look(MatchState.change_nothing, state, "Zusatz")
    assert [one.column for one in state.doubts] == ["Vorgang"]
    await look(MatchState.ask_again, state, "Zusatz")
    assert len(state.doubts) == 2
    await look(MatchState.change_nothing, state, "Zusatz")
    await look(MatchState.say_kind, state, "Vorgang", "B", "given_back")
    assert state.doubts == []
    assert [(one.value, one.kind) for one in state.doubt_values] == [("A", "sale"), ("B", "given_back")]
    assert await press(MatchState.say_kind, state, "Vorgang", "Z", "given_back") is not MatchState.look
    assert state.totals[2].made == "$55.00 ($85.00 less $30.00 back)"
    await press(MatchState.start, state)
    row = await file._row()
    assert row.options["changes_nothing"] == ["Zusatz"]
    assert row.job_id
    await run_job(row.job_id, TASKS)
    assert await orders() == {"1": "80.00", "2": "-30.00", "3": "5.00"}
    assert "Nobody answered" not in report_text(await file._row())
    assert await how_many_people() >= 2


async def test_the_report_tells_what_nobody_answered(database: str, tmp_path: Path) -> None:
    await people(tmp_path)
    await run(sales(tmp_path, "Vorgang,Total", "A,80.00", "B,30.00", "A,5.00"), "purchases")
    [row] = await many("SELECT position -> 'doubts' AS doubts FROM imports WHERE kind = 'purchases'")
    assert "“Vorgang” is left out" in row.doubts[0]


async def test_an_order_total_beside_other_lines_is_asked_about(database: str, tmp_path: Path) -> None:
    """Lines of 20 and 30, an order's total of 45 and no discount, and one of another order that is above its line:
    before, the total was said to hold tax."""
    await people(tmp_path)
    head = f"{HEAD}Item,Qty,Unit Price,Order Total"
    rows = ("1,2026-03-01,a@x.example,Rye,1,20.00,45.00", "1,2026-03-01,a@x.example,Gin,1,30.00,45.00",
            "2,2026-03-02,b@x.example,Rum,1,9.00,12.00")  # fmt: skip
    found = await tried(write(tmp_path / "sales.csv", head, *rows))
    [doubt] = found.asked
    assert doubt.column == "Order Total"
    assert "$59.00 are counted, and it says $57.00" in doubt.words


STORES = ("Store,SKU,Name,Price,On Hand", "Main,A,Rye,20.00,5", "Branch,A,Rye,20.00,7", "Main,B,Gin,30.00,0")


async def test_stock_of_several_stores_is_asked_about(database: str, tmp_path: Path) -> None:
    file = write(tmp_path / "stock.csv", *STORES)
    [doubt] = (await tried(file, "products")).asked
    assert "1 product of the first rows stands once for each" in doubt.words
    assert (await tried(file, "products", changes_nothing=["Store"])).asked == ()
    one_store = write(tmp_path / "one.csv", STORES[0], STORES[1], STORES[3])
    assert (await tried(one_store, "products")).asked == ()


@pytest.mark.parametrize(("column", "is_asked"), [
    ("Call Opt-In (Y/N)", False), ("Phone calls OK", False), ("Marketing Opt In Blue", True),
])  # fmt: skip
async def test_a_yes_to_letters_or_calls_is_no_word_on_messages(
    database: str, tmp_path: Path, column: str, is_asked: bool
) -> None:
    """A no to calls beside a column of texts, or to letters, was asked about as one that may be a no to messages."""
    head = f"id,name,email,phone,Email Opt-In (Y/N),Text Opt-In (Y/N),Opt In Date,Opt In Source,{column}"
    rows = ("1,A,a@x.example,512-347-0411,Y,Y,2026-01-01,till,N", "2,B,b@x.example,512-347-0412,Y,N,2026-01-01,till,Y")
    file = write(tmp_path / "people.csv", head, *rows)
    trial = await tried(file, "customers")
    assert ([one.column for one in trial.asked] == [column], bool(trial.unheard)) == (is_asked, is_asked)
    report = await run(file)
    given = [row.email_consent for row in await many("SELECT email_consent FROM customers ORDER BY external_id")]
    assert given == ([None, "given"] if is_asked else ["given", "given"])
    assert bool(report.notes.get("consent_in_doubt")) == is_asked


PEOPLE = "id,name,email,phone,Email Opt In,Opt In Date,Opt In Source,{column}"


@pytest.mark.parametrize(("column", "doubted", "clear"), [
    ("Kontaktsperre-Mkt Block", "X", ""), ("Wunsch", "No Email", "red wine"), ("Verteiler Stop", "2026-01-01", ""),
    ("Comms Prefs", "nothing please", "everything"), ("Happy to get news and offers", "no", "yes"),
])  # fmt: skip
async def test_a_yes_needs_certainty(database: str, tmp_path: Path, column: str, doubted: str, clear: str) -> None:
    """Somebody whom another column may call out has agreed to nothing before the column is answered for."""
    rows = (f"1,A,a@x.example,,Yes,2026-01-01,till,{doubted}", f"2,B,b@x.example,,Yes,2026-01-01,till,{clear}")
    file = write(tmp_path / "people.csv", PEOPLE.format(column=column), *rows)
    told = [one for one in (await tried(file, "customers")).asked if one.column == column]
    if told:  # else it is read as a no at once
        assert "1 person of the first rows is not to be written to" in told[0].words
    report = await run(file)
    consents = {row.email: row.email_consent for row in await many("SELECT email, email_consent FROM customers")}
    assert (consents["a@x.example"] in (None, "withdrawn"), consents["b@x.example"]) == (True, "given")
    assert bool(report.notes.get("consent_in_doubt")) == (consents["a@x.example"] is None)
    if told:
        await run(file, options={"changes_nothing": [column]}, again=True)
        [row] = await many("SELECT email_consent FROM customers WHERE email = 'a@x.example'")
        assert row.email_consent == "given"
