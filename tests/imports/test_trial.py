"""A preview tells what each person and order will become, beside the file's own totals, and writes nothing."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.clock import now
from liquor_app.core.db import transaction
from liquor_app.core.errors import Invalid
from liquor_app.core.ids import uuid7
from liquor_app.imports.dry_run import Trial, check_options, inspect_file, try_file
from liquor_app.imports.local_import import import_local
from liquor_app.imports.trial.shown_rows import MOST_WARNED, SMOOTH_ROWS, worth_showing
from liquor_app.imports.uploads import request_import
from liquor_app.screens.imports.wizard.columns_view import column_lines
from liquor_app.screens.imports.wizard.trial_view import money_words, seen_words, total_lines, trial_lines
from tests.imports.test_import import untold

pytestmark = pytest.mark.integration
FIELDS = ("email", "name", "city", "email_consent", "consent_source", "consent_at", "tags", "phone")
FILES = Path(__file__).parent / "files"
KNOWN = "email,name,city,email_consent,consent_source,consent_at\nann@example.com,Ann,Bath,yes,till,2025-01-05\n"


async def tried(path: Path, kind: str = "customers", **how: Any) -> Trial:
    """A trial that is watched, and leaves every table as it was."""
    before = await _rows()
    async with transaction() as session:
        found = await try_file(session, SYSTEM, kind=kind, path=path, limit=500, watch=True, **how)
    assert await _rows() == before, "a preview writes nothing"
    return found


async def _rows() -> list[int]:
    tables = ("customers", "purchases", "purchase_lines", "consents", "suppressions", "customer_images", "imports",
              "purchase_images", "touched_customers", "age_ledger", "import_rejects", "import_lines")  # fmt: skip
    async with transaction() as session:
        return [(await session.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one() for table in tables]


def _file(tmp_path: Path, content: str) -> Path:
    path = tmp_path / "file.csv"
    path.write_text(content)
    return path


async def _take(tmp_path: Path, kind: str, content: str) -> None:
    await import_local(SYSTEM, kind, _file(tmp_path, content), policy="overwrite", tell=untold)


async def test_each_person_is_shown_before_and_after(database: str, tmp_path: Path) -> None:
    await _take(tmp_path, "customers", KNOWN)
    trial = await tried(
        _file(
            tmp_path,
            "email,name,city,email_consent,consent_source,consent_at,Suppressed,Shoe size,tags,phone\n"
            "ann@example.com,Anna,Bath,no,web,2025-06-01,,44,Club,\n"
            "bo@example.com,Bo,Orono,yes,,,,43,,\n"
            "ann@example.com,Anna,Bangor,,,,,44,,12\n"
            "cy@example.com,Cy,,,,,hard bounce,40,,\n"
            "nobody,,,,,,,,,\n",
        ),
        policy="overwrite",
        mapping={**dict(zip(FIELDS, FIELDS, strict=True)), "given_up": "Suppressed"},
    )
    told = {one.record.number: one for one in trial.shown}
    changes = {
        number: {change.field: (change.before, change.after) for change in one.becomes.changes}
        for number, one in told.items()
        if one.becomes
    }
    assert changes[2] == {"name": ("Ann", "Anna"), "email_consent": ("given", "withdrawn"), "tags": ("", "Club")}
    assert changes[4] == {"city": ("Bath", "Bangor")}, "the second row of the same person goes on from the first"
    assert changes[3]["city"] == ("", "Orono")
    assert changes[5]["email_suppressed"] == ("", "bounced")
    assert (told[2].outcome, told[3].outcome, told[6].outcome) == ("updated", "created", "rejected")
    assert told[2].becomes.who == "Anna"
    # what is seen and left out
    assert trial.unused == ["Shoe size"]
    assert trial.noes == 2
    assert trial.report.notes["consent_without_evidence"] == 1
    assert seen_words(trial) == "Columns left out: “Shoe size”. A no is taken from 2 rows."
    assert [(line.words, line.file, line.made) for line in total_lines(trial, "customers")] == [("Rows", "5", "4")]
    lines = trial_lines(trial.shown, now())
    assert [(line.number, line.outcome) for line in lines[1:3]] == [("3", "created"), ("4", "updated")]
    assert lines[0].becomes == "Name: Ann → Anna\nE-mail consent: given → withdrawn\nTags: Club"


async def test_products_and_people_are_shown_in_the_shops_own_words(database: str, tmp_path: Path) -> None:
    await _take(tmp_path, "products", "sku,name,price,stock\nG-1,Gin,24.99,1200\nW-1,Wine,9.00,3\n")
    trial = await tried(
        _file(tmp_path, "sku,name,price,stock\ng-1,Gin,1024.5,1300\nW-1,Wine,9.00,3\nB-1,Beer,2.00,\n"), "products"
    )
    told = {line.number: (line.who, line.becomes, line.outcome) for line in trial_lines(trial.shown, now())}
    assert told == {
        "2": ("g-1 · Gin", "Price: $24.99 → $1,024.50\nStock: 1,200 → 1,300", "updated"),
        "3": ("W-1 · Wine", "", "unchanged"), "4": ("B-1 · Beer", "Name: Beer · Price: $2.00", "created"),
    }  # fmt: skip
    born = await tried(_file(tmp_path, "email,phone,date of birth\nann@example.com,6175550124,1980-02-03\n"))
    namesakes = await tried(_file(tmp_path, "email,name\nann@example.com,Ann Lee\nann.lee@example.com,Ann Lee\n"))
    assert [line.who for line in trial_lines(namesakes.shown, now())] == ["Ann Lee", "Ann Lee"]
    (line,) = trial_lines(born.shown, now())
    assert "Phone: +1 617-555-0124" in line.becomes
    assert "Of age on: 3 Feb 2001" in line.becomes


async def test_each_order_is_shown_before_and_after_beside_the_files_own_sum(database: str, tmp_path: Path) -> None:
    await _take(tmp_path, "customers", KNOWN)
    head = "order_id,customer,occurred_at,product,amount,store\n"
    await _take(tmp_path, "purchases", head + "1,ann@example.com,2025-03-01 10:00,Ale,10.00,\n")
    trial = await tried(
        _file(
            tmp_path,
            head + "1,ann@example.com,2025-03-01 10:00,Ale,10.00,North\n"
            "1,ann@example.com,2025-03-01 10:00,Gin,30.00,North\n"
            "2,ann@example.com,2025-03-02 10:00,Rum,\"1,005.50\",\n3,zoe@example.com,2025-03-02 10:00,Rum,7.00,\n",
        ),
        "purchases",
        policy="overwrite",
    )  # fmt: skip
    one = next(one for one in trial.shown if one.record.number == 2)
    assert one.becomes.who == "1 · Ann"
    assert {change.field: (change.before, change.after) for change in one.becomes.changes} == {
        "total": ("10.00", "40.00"), "lines": ("1", "2"), "store": ("", "North"),
    }  # fmt: skip
    new = next(one for one in trial.shown if one.record.number == 4)
    assert {change.field: change.after for change in new.becomes.changes}["total"] == "1005.50"
    totals = trial.totals
    assert (totals.rows, totals.orders, totals.money, totals.column) == (4, 3, Decimal("1052.50"), "amount")
    assert (totals.orders_made, totals.money_made) == (2, Decimal("1045.50"))
    assert [(line.words, line.file, line.made) for line in total_lines(trial, "purchases")] == [
        ("Rows", "4", "3"), ("Orders", "3", "2"), ("Money", "$1,052.50", "$1,045.50"),
    ]  # fmt: skip
    assert money_words(trial, "purchases") == (
        "The file's own sum is that of “amount”. They are $7.00 apart: 1 refused row does not count."
    )
    lines = trial_lines(trial.shown, now(), ["order_id", "customer", "occurred_at", "product", "amount", "store"])
    (refused,) = (line for line in lines if line.outcome == "rejected")
    assert refused.who == (
        "order_id: 3 · customer: zoe@example.com · occurred_at: 2025-03-02 10:00 · product: Rum · 1 more"
    )
    taken = [line.who for line in lines if line.outcome != "rejected"]
    assert taken == ["1 · Ann", "2 · Ann"], "an order stands once"


@pytest.mark.parametrize(
    ("file", "own", "column"),
    [("02_shopify_orders.csv", "Total", "Total")],
)
async def test_a_total_of_orders_counts_once_an_order(database: str, file: str, own: str, column: str) -> None:
    import csv

    path = FILES / file
    with path.open(encoding="utf-8-sig") as opened:
        rows = list(csv.DictReader(opened))
    once = {row["Name"]: Decimal(row[own]) for row in reversed(rows) if row[own]}
    trial = await tried(path, "purchases")
    assert trial.totals.column == column
    assert trial.totals.money == sum(once.values())
    assert trial.totals.orders == len({row["Name"] for row in rows})


async def test_columns_a_profile_puts_together_say_so(database: str) -> None:
    seen = inspect_file(FILES / "02_shopify_orders.csv", "purchases")
    lines = {line.name: line for line in column_lines(seen)}
    for name in ("Financial Status", "Lineitem price", "Discount Amount", "Billing Phone"):
        assert (lines[name].becomes, lines[name].by) == ("", "Put together by the Shopify orders profile")
    assert lines["Vendor"].becomes == "brand"
    trial = await tried(FILES / "02_shopify_orders.csv", "purchases")
    assert not set(trial.unused) & {line.name for line in lines.values() if line.becomes or line.by}


def test_a_preview_is_bounded() -> None:
    from liquor_app.imports.readers.row_reader import Record
    from liquor_app.imports.trial.shown_rows import Shown

    rows = [Shown(Record(number, []), "created", reason="x" * (number % 2)) for number in range(1_000)]
    shown = worth_showing(rows)
    assert len(shown) == MOST_WARNED + SMOOTH_ROWS
    assert all(one.reason for one in shown[:MOST_WARNED])
    assert [one.record.number for one in worth_showing(rows[:9])] == [*range(9)], "a single page keeps the file's order"


@pytest.mark.parametrize(
    ("kind", "mapping", "options", "field"),
    [
        ("customers", {}, {"profile": "nobodys"}, "profile"),
        ("customers", {}, {"profile": "shopify_orders"}, "profile"),
        ("purchases", {}, {"profile": "toast_items"}, "profile"),
        ("customers", {"shoe_size": "Shoe size"}, {}, "mapping"),
        ("purchases", {"tags": "Tags"}, {}, "mapping"),
        ("customers", {}, {"date_oder": "dmy"}, "options"),
        ("customers", {}, {"date_order": "ymd"}, "date_order"),
        ("customers", {}, {"decimal": ";"}, "decimal"),
        ("customers", {}, {"constants": {"shoe_size": "44"}}, "constants"),
    ],
)
async def test_what_can_be_known_wrong_is_refused_at_once(
    database: str, kind: str, mapping: dict[str, str], options: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as wrong:
        check_options(kind, mapping, options)
    assert wrong.value.field == field
    with pytest.raises(Invalid) as refused:
        async with transaction() as session:
            await request_import(
                session, SYSTEM, import_id=uuid7(), kind=kind, file_name="f.csv", file_key="k", mapping=mapping,
                options=options,
            )  # fmt: skip
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("kind", "rows", "said"),
    [
        (
            "purchases",
            ("Receipt,E-mail address,Sold on,Line total", "1,ann@example.com,3031-01-05,5"),
            "“Sold on” must lie between 1990 and today, not '3031-01-05'.",
        ),
        (
            "products",
            ("SKU code,Item,Shelf price,On hand", "A,Gin,abc,many"),
            "“Shelf price” cannot be read and is left blank: 'abc'. Correct it in the file, or leave it blank."
            " “On hand” cannot be read and is left blank: 'many'. Correct it in the file, or leave it blank.",
        ),
    ],
)
async def test_what_is_said_of_a_cell_names_the_files_own_column(
    database: str, tmp_path: Path, kind: str, rows: tuple[str, ...], said: str
) -> None:
    """Found by somebody at work: "occurred_at must lie between", "stock cannot be read"."""
    mapping = {
        "purchases": {
            "order_id": "Receipt",
            "email": "E-mail address",
            "occurred_at": "Sold on",
            "amount": "Line total",
        },
        "products": {"sku": "SKU code", "name": "Item", "price": "Shelf price", "stock": "On hand"},
    }[kind]  # fmt: skip
    path = tmp_path / "own.csv"
    path.write_text("\n".join(rows) + "\n")
    async with transaction() as session:
        trial = await try_file(session, SYSTEM, kind=kind, path=path, mapping=mapping, limit=9, watch=True)
    assert [one.reason for one in trial.shown] == [said]


@pytest.mark.parametrize(("total", "outcome"), [("-18.99", "return"), ("18.99", "created")])
def test_a_new_order_that_gives_money_back_is_a_return(total: str, outcome: str) -> None:
    from liquor_app.imports.readers.row_reader import Record
    from liquor_app.imports.trial.becoming import becoming
    from liquor_app.imports.trial.shown_rows import Shown

    shown = Shown(Record(2, ["1"]), "created", becomes=becoming("1 · Ann", {}, {"total": total}))
    assert [line.outcome for line in trial_lines([shown], now())] == [outcome]


async def test_a_custom_field_is_called_as_its_column(database: str, tmp_path: Path) -> None:
    """A name without spaces was made a word of its key: "Favoritegrape"."""
    file = tmp_path / "people.csv"
    file.write_text("email,FavoriteGrape\na@x.example,Riesling\n")
    mapping = {"email": "email", "custom.text.favoritegrape": "FavoriteGrape"}
    async with transaction() as session:
        trial = await try_file(
            session, SYSTEM, kind="customers", path=file, mapping=mapping, limit=10, watch=True
        )  # fmt: skip
    (line,) = trial_lines(trial.shown, now(), ["email", "FavoriteGrape"], mapping)
    assert "FavoriteGrape: Riesling" in line.becomes
