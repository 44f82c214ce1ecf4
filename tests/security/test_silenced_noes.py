"""A no in a file that somebody tries to silence: by a mapping that leaves its column out, or takes it for a tag or a
name, by words that are not a plain no, by a yes to something else."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.db import transaction
from liquor_app.core.errors import Invalid
from liquor_app.customers.editing.change_customer import create_customer
from liquor_app.imports.cleaning.answers.refusals import refusal_field
from liquor_app.imports.cleaning.answers.remarks import holds_remarks, remarks_no
from liquor_app.imports.cleaning.moment_cells import clean_consent_moment
from tests.imports.test_import import run

pytestmark = pytest.mark.integration

CHOSEN = {"email": "email", "email_consent": "Agreed", "consent_source": "source", "consent_at": "at"}
SILENCED = [
    # columns, cells of who said no, cells of who did not, and what the mapping makes of the columns
    ("Unsubscribed", "yes", "no", {}), ("Status", "Unsubscribed", "Subscribed", {}), ("Bounced", "yes", "no", {}),
    ("Accepts Marketing", "no", "yes", {}), ("Opted Out", "yes", "no", {"tags": "Opted Out"}),
    ("Opted Out", "2025-06-01", "", {"name": "Opted Out"}), ("Email Suppressions", "USER_SUPPRESSED", "", {}),
    # in other words
    ("Email Status", "Opted-Out", "Valid", None), ("No Promo Emails", "x", "", None), ("Baja", "sí", "no", None),
    ("Deceased", "Yes", "No", None), ("Erasure requested", "2025-05-05", "", None), ("Ok to email?", "no", "yes", None),
    # as somebody of the shop wrote it down
    ("Tags", "VIP, Do Not Contact", "VIP, no-gluten", None), ("Tags", "Unsubscribed", "", {"tags": "Tags"}),
    ("Notes", "asked to be removed from the list", "no email on file, do not ring", None),
    ("Customer Note", "Please don't e-mail", "likes Merlot; stop by on Friday", {}),
    ("Notes", "take her off the mailing list", "removed from waiting list for the Rye; no email receipts", None),
    ("Preferred Contact", "Do not contact", "Email", None),
    ("Opt Out Reason", "too many e-mails", "", None), ("Unsubscribe Reason", "other", "n/a", {}),
    # what programs write for no day hides nobody's, and is nobody's
    ("Unsubscribed At", "2025-06-01 10:00:00", "0000-00-00 00:00:00", None),
    ("Unsubscribed At", "2025-06-01", "NULL", {}),
    ("Unsubscribed At", "2025-06-01", "-", None), ("Opt Out Date", "6/1/2025", "1/1/1900", None),
    ("Opt Out Date", "2025-06-01", "0001-01-01", {}), ("Hard Bounced At", "2025-06-01", "1970-01-01", None),
]  # fmt: skip


@pytest.mark.parametrize(("column", "no", "silent", "more"), SILENCED)
async def test_whoever_says_no_is_heard(
    database: str, tmp_path: Path, column: str, no: str, silent: str, more: dict[str, str] | None
) -> None:
    """Before: each of them had given consent, by the yes beside it."""
    file = tmp_path / "people.csv"
    rest = "yes,till,2025-01-01"
    told = [f'ann@no.example,{rest},"{no}"', *(f'b{n}@yes.example,{rest},"{silent}"' for n in range(3))]
    head = "email,Agreed,source,at" if more is not None else "email,email_consent,consent_source,consent_at"
    file.write_text("\n".join([f"{head},{column}", *told]) + "\n", encoding="utf-8")
    report = await run(file, **({} if more is None else {"mapping": CHOSEN | more}))
    assert (report.created, report.rejected) == (4, 0)
    async with transaction() as session:
        found = await session.execute(text("SELECT email, email_consent FROM customers ORDER BY email"))
        said = {row.email: row.email_consent for row in found}
    assert said.pop("ann@no.example") in {"withdrawn", None}
    assert set(said.values()) == {"given"}


@pytest.mark.parametrize(
    ("column", "field"),
    [("Refused Delivery", None), ("Forgotten Password", None), ("Deleted Cart", None), ("Substitutions refused", None),
     ("Refused", "opt_out"), ("Deleted", "opt_out"), ("Refused e-mails", "email_opt_out")],
)  # fmt: skip
def test_what_is_refused_or_forgotten_and_is_no_letter_silences_nobody(column: str, field: str | None) -> None:
    assert refusal_field(column) == field


def test_nobody_agreed_on_the_day_a_calendar_begins() -> None:
    now = datetime(2026, 11, 24, tzinfo=UTC)
    for written in ("1900-01-01", "1/1/1970", "0001-01-01", "1899-12-30 00:00:00", "0000-00-00"):
        for given in (True, False):
            assert clean_consent_moment(written, ZoneInfo("UTC"), now, given=given) is None
    assert clean_consent_moment("1/1/1999", ZoneInfo("UTC"), now, given=True) is not None


async def test_a_yes_to_email_agrees_to_no_texts(database: str, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("phone,Accepts Email,source,at\n2072000042,yes,till,2025-01-01\n", encoding="utf-8")
    chosen = {"phone": "phone", "sms_consent": "Accepts Email", "consent_source": "source", "consent_at": "at"}
    with pytest.raises(Invalid, match="about e-mail"):
        await run(file, mapping=chosen)


@pytest.mark.parametrize(
    "remark",
    ["no email address", "Do not deliver before 5", "never comes on Mondays", "texted us about gin",
     "No contact number",
     "takes 12 off the shelf", "likes off-dry Riesling", "Optional", "Sub-zero fridge", "offers: VIP", "Subscriber"],
)  # fmt: skip
def test_a_remark_that_is_no_no_takes_nothing(remark: str) -> None:
    assert not remarks_no(remark)


def test_what_is_written_about_orders_is_not_about_people() -> None:
    assert [
        one for one in ("Order Notes", "Delivery note", "Note ID", "List price", "Tag count") if holds_remarks(one)
    ] == []
    assert all(map(holds_remarks, ("Tags", "customer_note", "NOTES", "Comments", "Notas")))


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        ("customers", "external_id", "Z"), ("customers", "email", "z@one.example"),
        ("customers", "phone", "2072000042"),
        ("customers", "date_of_birth", "1980-02-03"), ("customers", "name", "Ann"), ("purchases", "amount", "5000"),
        ("purchases", "refunded", "1"), ("purchases", "order_id", "1"), ("products", "sku", "A"),
        ("products", "cost", "0"),
    ],
)  # fmt: skip
async def test_what_is_each_rows_own_is_said_of_no_whole_file(
    database: str, tmp_path: Path, kind: str, field: str, value: str
) -> None:
    """Before: one customer of a whole file, a birthday of age for everybody, an IndexError."""
    file = tmp_path / "rows.csv"
    file.write_text("email,sku,name,order_id,date,total\na@x.example,A,B,1,2025-01-01,5\n", encoding="utf-8")
    with pytest.raises(Invalid, match="each row's own"):
        await run(file, kind, options={"constants": {field: value}})


async def test_a_currency_said_of_a_file_makes_no_dollars_of_euros(database: str, tmp_path: Path) -> None:
    async with transaction() as session:
        await create_customer(session, SYSTEM, {"email": "a@x.example"})
    file = tmp_path / "orders.csv"
    file.write_text(
        "order_id,email,date,total,currency\n1,a@x.example,2025-01-01,10,EUR\n2,a@x.example,2025-01-01,7,\n",
        encoding="utf-8",
    )
    report = await run(file, "purchases", options={"constants": {"currency": "USD"}})
    assert report.reasons == {"foreign_currency": 1}
    async with transaction() as session:
        assert (await session.execute(text("SELECT sum(total) FROM purchases"))).scalar_one() == 7


async def test_a_mapping_that_leaves_the_currency_out_makes_no_dollars_of_euros(database: str, tmp_path: Path) -> None:
    async with transaction() as session:
        await create_customer(session, SYSTEM, {"email": "a@x.example"})
    file = tmp_path / "orders.csv"
    file.write_text(
        "order_id,email,date,total,currency\n1,a@x.example,2025-01-01,10,EUR\n2,a@x.example,2025-01-01,7,USD\n",
        encoding="utf-8",
    )
    chosen = {"order_id": "order_id", "email": "email", "occurred_at": "date", "amount": "total"}
    report = await run(file, "purchases", mapping=chosen)
    assert (report.created, report.reasons) == (1, {"foreign_currency": 1})
