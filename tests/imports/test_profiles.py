"""Exports of tools, as they come: recognised, and taken with the right values without a click."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from liquor_app.core.errors import Invalid
from liquor_app.imports.cleaning.column_names import KINDS
from liquor_app.imports.dry_run import inspect_file
from liquor_app.imports.profiles.known_tools import ALL, recognise
from liquor_app.imports.profiles.tool_profile import fits
from liquor_app.imports.readers.formats import open_table
from liquor_app.imports.trial.likely_kind import likely_kind_of
from liquor_app.screens.imports.wizard.columns_view import column_lines, mapping_of
from tests.imports.test_import import run
from tests.imports.test_import_cases import FILES, many, write

OF_KIND = {
    "products": ("inventory", "r_items", "products"),
    "purchases": ("orders", "order_lines", "sales", "items", "transaction", "purchases", "retail"),
}
"""Words in the names of files here."""
KNOWN = {
    "01_shopify_customers": "shopify_customers",
    "03_square_customers": "square_customers",
    "04_klaviyo_profiles": "klaviyo_profiles",
    "05_mailchimp_subscribed": "mailchimp_subscribed",
    "05_mailchimp_unsubscribed": "mailchimp_unsubscribed",
    "06_lightspeed_x_customers": "lightspeed_x_customers",
    "07_clover_customers": "clover_customers",
    "21_lightspeed_r_customers": "lightspeed_r_customers",
    "08_woo_customers": "woocommerce_customers",
    "09_winesense_customers": "winesense_customers",
}


async def taken(name: str, key: str = "email") -> tuple[Any, dict[str, Any]]:
    """The report of an import, and everybody by e-mail (or another column)."""
    report = await run(FILES / f"{name}.csv")
    return report, {getattr(one, key): one for one in await many("SELECT * FROM customers")}


@pytest.mark.parametrize("name", KNOWN)
def test_a_tools_file_is_recognised_by_its_columns(name: str) -> None:
    with open_table(FILES / f"{name}.csv") as table:
        profile = recognise(table.columns, "customers")
        assert profile is not None
        assert profile.key == KNOWN[name]
        assert [one.key for one in ALL if fits(one, table.columns)] == [profile.key], "and by no other tool's"


@pytest.mark.parametrize("profile", ALL, ids=lambda profile: profile.key)
def test_a_profile_speaks_of_fields_there_are(profile: Any) -> None:
    assert set(profile.columns) | set(profile.made) | set(profile.words) <= set(KINDS[profile.kind])
    assert set(profile.words) <= set(profile.made)
    assert sum(one.key == profile.key for one in ALL) == 1


async def test_case_01_shopify(database: str) -> None:
    report, people = await taken("01_shopify_customers")
    assert (report.created, report.rejected) == (4, 0)
    ann = people["maryann.delacroix@example.com"]
    assert (ann.external_id, ann.city, ann.state, ann.postal_code) == ("7010000000101", "Boston", "MA", "02118")
    assert (ann.phone, ann.email_consent) == ("+16175550142", None)
    tom = people["tom.okoro@example.com"]
    assert (tom.state, tom.email_consent, tom.phone) == ("RI", "withdrawn", "+14015550143")
    assert people["ines.park@example.com"].phone == "+12065550145", "the address's, where the customer has none"
    assert people[None].external_id == "7010000000103"
    assert report.notes == {"consent_without_evidence": 2}


async def test_case_01_one_source_and_date_for_the_whole_file(database: str) -> None:
    constants = {"consent_source": "checkbox at checkout", "consent_at": "2026-01-05 10:00"}
    report = await run(FILES / "01_shopify_customers.csv", options={"constants": constants})
    assert (report.created, report.notes) == (4, {})
    given = await many("SELECT email_consent, sms_consent FROM customers ORDER BY external_id")
    assert [(one.email_consent, one.sms_consent) for one in given] == [
        ("given", "given"), ("withdrawn", "withdrawn"), ("withdrawn", "withdrawn"), ("given", "withdrawn"),
    ]  # fmt: skip
    kept = await many("SELECT DISTINCT source, at FROM consents WHERE status = 'given'")
    assert [(one.source, one.at) for one in kept] == [("checkbox at checkout", datetime(2026, 1, 5, 15, tzinfo=UTC))]


@pytest.mark.parametrize(
    "constants",
    [{"no_such": "x"}, {"consent_source": 5}, {"consent_source": "x" * 256}, {"consent_source": "\x00"}, ["a"]],
)
async def test_what_is_said_of_all_rows_is_checked(database: str, constants: Any) -> None:
    with pytest.raises(Invalid) as refused:
        await run(FILES / "01_shopify_customers.csv", options={"constants": constants})
    assert refused.value.field == "constants"


async def test_case_03_square(database: str) -> None:
    report, people = await taken("03_square_customers")
    assert (report.created, report.rejected) == (3, 0)
    rosa, bo = people["rosa.quint@example.com"], people["bo.hill@example.com"]
    assert (rosa.external_id, rosa.of_age_on, rosa.email_consent) == ("CUSTQUINT0001AAAA", date(2005, 7, 4), None)
    assert (bo.of_age_on, bo.email_consent) == (None, "withdrawn")


async def test_case_04_klaviyo(database: str) -> None:
    report, people = await taken("04_klaviyo_profiles")
    assert (report.created, report.rejected) == (4, 0)
    ada = people["ada.fern@example.com"]
    assert (ada.email_consent, ada.sms_consent, ada.state, ada.country) == ("given", "given", "MA", "US")
    assert people["uma.reed@example.com"].email_consent == "withdrawn"
    assert people["nia.volt@example.com"].email_consent is None
    assert people["ned.hard@example.com"].email_consent is None
    (given,) = await many("SELECT at FROM consents WHERE status = 'given' AND channel = 'email'")
    assert given.at == datetime(2024, 3, 14, 9, 12, 31, tzinfo=UTC)
    listed = await many("SELECT address, channel, reason FROM suppressions")
    assert [(one.address, one.channel, one.reason) for one in listed] == [("ned.hard@example.com", "email", "bounced")]
    again = await run(FILES / "04_klaviyo_profiles.csv")
    assert (again.unchanged, len(await many("SELECT 1 FROM suppressions"))) == (4, 1)


async def test_case_05_mailchimp(database: str) -> None:
    report, people = await taken("05_mailchimp_subscribed")
    assert (report.created, report.rejected) == (2, 0)
    ola = people["ola.birch@example.com"]
    assert (ola.of_age_on, ola.state, ola.email_consent) == (None, None, "given")
    given = await many("SELECT source, ip, at FROM consents ORDER BY at")
    assert tuple(given[0]) == ("Mailchimp", "203.0.113.9", datetime(2024, 3, 14, 9, 14, tzinfo=UTC))
    left, people = await taken("05_mailchimp_unsubscribed")
    assert (left.created, left.rejected, people["quin.marsh@example.com"].email_consent) == (1, 0, "withdrawn")
    (gone,) = await many("SELECT at FROM consents WHERE status = 'withdrawn'")
    assert gone.at == datetime(2025, 8, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize("name", sorted(path.stem for path in FILES.glob("*.csv")))
def test_no_file_is_taken_for_one_of_another_kind(name: str) -> None:
    kind = next((kind for kind, words in OF_KIND.items() if any(word in name for word in words)), "customers")
    told = {other: likely_kind_of(FILES / f"{name}.csv", other) for other in KINDS}
    assert told[kind] == ""
    assert set(told.values()) <= {"", kind}


async def test_where_a_consent_came_from_is_an_internet_address_or_nothing(database: str, tmp_path: Path) -> None:
    head = "email,email consent,consent source,consent date,opt-in ip"
    ips = ("2001:DB8::0:9", "203.0.113.999", "<script>", "0.0.0.0", "", " 203.0.113.7 ")
    lines = [f"p{n}@example.com,yes,form,2026-01-05,{ip}" for n, ip in enumerate(ips)]
    report = await run(write(tmp_path / "a.csv", head, *lines, "x@example.com,no,form,2026-01-05,203.0.113.8"))
    assert (report.created, report.notes) == (7, {"consent_ip_left_out": 2})
    found = await many("SELECT c.ip FROM consents c JOIN customers p ON p.id = c.customer_id ORDER BY p.email")
    assert [one.ip for one in found] == ["2001:db8::9", None, None, None, None, "203.0.113.7", None]


async def test_case_06_lightspeed_x_customers(database: str) -> None:
    report, people = await taken("06_lightspeed_x_customers", "external_id")
    assert (report.created, report.rejected) == (2, 0)
    yana, zed = people["YANA-22AB"], people["ZED-77CD"]
    assert (yana.phone, zed.phone) == ("+16175550191", "+16175550192")
    assert (yana.email_consent, zed.email_consent) == (None, "withdrawn"), "“do not e-mail: 0” is no yes"
    assert (yana.city, yana.state, yana.of_age_on) == ("Boston", "MA", date(2011, 2, 3))


async def test_lightspeed_r_customers(database: str) -> None:
    report, people = await taken("21_lightspeed_r_customers", "external_id")
    assert (report.created, report.rejected, report.notes) == (2, 0, {})
    nell, ora = people["1042"], people["1043"]
    assert (nell.name, nell.phone, nell.email, nell.postal_code) == (
        "Nell Quay", "+16175550172", "nell.quay@example.com", "02118",
    )  # fmt: skip
    assert (ora.phone, ora.state, ora.email_consent) == ("+14015550173", "RI", None)


async def test_case_07_clover_customers(database: str) -> None:
    report, people = await taken("07_clover_customers", "external_id")
    assert (report.created, report.rejected) == (2, 0)
    cy = people["CLV000001"]
    assert (cy.state, cy.postal_code, cy.of_age_on) == ("MA", "02118", date(2005, 7, 4))
    assert (people["CLV000002"].state, people["CLV000002"].sms_consent) == ("RI", "withdrawn")


async def test_clover_customers_confirmed_column_by_column_and_a_birthday_without_year(
    database: str, tmp_path: Path
) -> None:
    """One column said both consents: what the page confirmed kept one of them, and a no to e-mail was lost."""
    head, line, _ = (FILES / "07_clover_customers.csv").read_text().splitlines()
    cells = dict(zip(head.split(","), line.split(","), strict=True)) | {"Birthday Year": "", "Marketing Allowed": "No"}
    file = write(tmp_path / "clover.csv", head, ",".join(cells.values()))
    await run(file, mapping=mapping_of(column_lines(inspect_file(file, "customers"))))
    (cy,) = await many("SELECT * FROM customers")
    assert (cy.email_consent, cy.sms_consent) == ("withdrawn", "withdrawn")
    assert (cy.birthday_md, cy.of_age_on) == (704, None)


def test_no_profile_reads_two_fields_from_one_column() -> None:
    """A column becomes one field on the page; further ones are put together of it (`made`)."""
    for profile in ALL:
        assert len({*profile.columns.values()}) == len(profile.columns), profile.key


async def test_wix_contacts(database: str, tmp_path: Path) -> None:
    await run(write(
        tmp_path / "contacts.csv",
        "Email 1,Phone 1,Address 1 - City,Address 1 - State/Region,Address 1 - Zip,Address 1 - Country,Labels",
        'a@v.example,\'+1 617-555-0142,Boston,US-MA,02118,US,"[""vip"",""rum""]"',
    ))  # fmt: skip
    (ann,) = await many("SELECT * FROM customers")
    assert (ann.phone, ann.city, ann.state, ann.postal_code) == ("+16175550142", "Boston", "MA", "02118")
    assert [one.name for one in await many("SELECT name FROM tags ORDER BY name")] == ["rum", "vip"]


async def test_case_08_woocommerce_customers(database: str) -> None:
    report, people = await taken("08_woo_customers")
    assert (report.created, report.rejected) == (2, 0)
    vera = people["vera.stone@example.com"]
    assert (vera.name, vera.state, vera.postal_code, vera.country) == ("Vera Stone", "MA", "02118", "US")


async def test_case_09_winesense_customers(database: str) -> None:
    report, people = await taken("09_winesense_customers", "external_id")
    assert (report.created, report.rejected) == (1, 0)
    abe = people["811"]
    assert (abe.phone, abe.state, abe.postal_code) == ("+16175550201", "MA", "02118")


async def test_case_14_an_address_of_nobody_merges_nobody(database: str) -> None:
    report = await run(FILES / "14_customers.csv")
    assert (report.created, report.notes["email_of_nobody"]) == (3, 3)
    assert (await run(FILES / "14_purchases.csv", "purchases")).created == 3
    assert (await run(FILES / "14_customers.csv")).unchanged == 3


@pytest.mark.parametrize("nobody", ["GUEST", "CASH", "Walk-In", "WALK_IN", "Anonymous", "Cash Customer", "UNKNOWN"])
async def test_case_14_a_number_of_nobody_merges_nobody(database: str, tmp_path: Path, nobody: str) -> None:
    """Before, two people under GUEST were one, and had bought whatever was sold to nobody."""
    people = [f"{nobody},Cid Real,cid@x.example", f"{nobody},Dee Real,dee@x.example", "CASH-7,Cash Real,"]
    report = await run(write(tmp_path / "people.csv", "Customer ID,Name,Email", *people))
    assert (report.created, report.rejected) == (3, 0)
    assert {one.external_id for one in await many("SELECT external_id FROM customers")} == {None, "CASH-7"}
    head = "order id,customer id,date,item,amount"
    sold = (f"1,{nobody},2026-10-01,Rye,10", "2,CASH-7,2026-10-01,Rye,10")
    report = await run(write(tmp_path / "sales.csv", head, *sold), "purchases")
    assert (report.created, report.rejected, report.notes) == (1, 0, {"rows_without_customer": 1})


async def test_case_14_an_address_of_another_is_said_so(database: str, tmp_path: Path) -> None:
    lines = (FILES / "14_customers.csv").read_text().replace("noemail@", "the.reals@").splitlines()
    path = write(tmp_path / "family.csv", *lines)
    report = await run(path)
    assert (report.created, report.unchanged, report.reasons) == (1, 0, {"email_of_another": 2})
    again = await run(path)
    assert (again.created, again.unchanged, again.reasons) == (0, 1, {"email_of_another": 2})


async def test_another_profile_or_none_may_be_chosen(database: str, tmp_path: Path) -> None:
    file = FILES / "05_mailchimp_subscribed.csv"
    plain = await run(file, options={"profile": ""})
    assert plain.created == 2
    assert await many("SELECT 1 FROM consents") == [], "its own columns say nothing of consent"
    for wrong in ("klaviyo_profiles", "no such tool", "mailchimp_unsubscribed"):
        with pytest.raises(Invalid) as refused:
            await run(file, options={"profile": wrong})
        assert refused.value.field == "profile"


async def test_what_stands_for_a_whole_file_wins_over_a_column(database: str, tmp_path: Path) -> None:
    file = write(
        tmp_path / "a.csv", "email,email consent,consent source,consent at", "a@x.example,yes,till,2026-01-05 10:00"
    )
    await run(file, options={"constants": {"email_consent": "no"}})
    assert [one.email_consent for one in await many("SELECT email_consent FROM customers")] == ["withdrawn"]


async def test_a_file_of_another_kind_is_said_so(database: str) -> None:
    for name, kind, words in (
        ("02_shopify_orders", "customers", "Shopify orders: it holds purchases"),
        ("03_square_customers", "purchases", "Square customer directory: it holds customers"),
    ):
        with pytest.raises(Invalid, match=words) as refused:
            await run(FILES / f"{name}.csv", kind)
        assert refused.value.field == "kind"


def test_no_two_profiles_of_a_kind_are_chosen_by_the_same_words() -> None:
    words = [(one.name, one.kind) for one in ALL]
    assert len(set(words)) == len(words), "the choice of a drop folder's profile shows nothing else"


TOTALS_OF_EACH = {
    "by number": (
        "Customer ID,Name,Visits,Total Spent,Last Visit",
        ("C1,Ann Lee,4,210.50,2026-10-01", "C2,Bo Ray,1,20.00,2026-10-02"),
    ),
    "by address": (
        "First Name,Last Name,Email,Phone,Lifetime Spend,Visit Count,Last Visit",
        ("Ann,Lee,a@x.example,,210.50,4,2026-10-01", "Bo,Ray,b@x.example,,20.00,1,2026-10-02"),
    ),
    "of orders": (
        "Email,Total Orders,Total Spent,First Order Date,Last Order Date",
        ("a@x.example,4,210.50,2025-10-01,2026-10-01", "b@x.example,1,20.00,2026-10-02,2026-10-02"),
    ),
}


@pytest.mark.integration
@pytest.mark.parametrize("name", TOTALS_OF_EACH)
async def test_a_list_of_customers_is_none_of_purchases(database: str, tmp_path: Path, name: str) -> None:
    """Before, all that somebody ever bought was an order of their last visit's day."""
    head, lines = TOTALS_OF_EACH[name]
    path = write(tmp_path / "file.csv", head, *lines)
    assert likely_kind_of(path, "purchases") == "customers"
    with pytest.raises(Invalid, match="looks like a list of customers: each has a row") as caught:
        await run(path, "purchases")
    assert caught.value.field == "kind"
    report = await run(path)
    assert (report.created, report.rejected) == (2, 0)


@pytest.mark.parametrize(
    ("head", "lines"),
    [
        ("Order ID,Email,Date,Total,Visits,Last Visit", ("1,a@x.example,2026-10-01,5.00,4,2026-10-01",)),
        ("Email,Date,Amount,Visits,Last Visit",
         ("a@x.example,2026-10-01,5.00,4,2026-10-01", "a@x.example,2026-10-02,6.00,4,2026-10-01")),
        ("Email,Date,Amount,Total Spent", ("a@x.example,2026-10-01,5.00,4",)),
    ],
)  # fmt: skip
def test_purchases_that_tell_of_the_customer_too_are_purchases(
    tmp_path: Path, head: str, lines: tuple[str, ...]
) -> None:
    assert likely_kind_of(write(tmp_path / "file.csv", head, *lines), "purchases") == ""
