"""A till's ten years, dirty, against a truth the importer had no hand in."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path

from liquor_app.imports.dry_run import ImportReport
from tests.imports.dirty_files import SHOP, Dirty, Person, dirty_files
from tests.imports.test_import import rows, run


def _came_of_age(born: date) -> date:
    return born.replace(year=born.year + 21)


def _by_key(people: list[Person]) -> dict[tuple[str | None, str | None, str | None], Person]:
    return {(person.id, person.email, person.phone): person for person in people}


async def compare_people(truth: Dirty) -> Counter[str]:
    """What is not as it should be, by field."""
    wrong: Counter[str] = Counter()
    wanted = _by_key(truth.people)
    for row in await rows(
        "SELECT external_id, email_key, email, phone, of_age_on, email_consent, deleted_at FROM customers"
    ):
        phone = row["phone"] and row["phone"].removeprefix("+1")
        person = wanted.pop((row["external_id"], row["email_key"], phone), None)
        if person is None:
            wrong["nobody we know"] += 1
            continue
        wrong["address as written"] += (row["email"] or "").lower() != (person.email or "")
        wrong["of age"] += row["of_age_on"] != (_came_of_age(person.born) if person.born else None)
        consent = person.consent if person.consent in ("given", "withdrawn") else None
        wrong[f"consent {person.consent} is {row['email_consent']}"] += row["email_consent"] != consent
    wrong["missing"] += len(wanted)
    return +wrong


async def compare_sales(truth: Dirty) -> Counter[str]:
    wrong: Counter[str] = Counter()
    wanted = dict(truth.orders)
    for row in await rows("SELECT external_id, occurred_at, total, currency FROM purchases"):
        total = wanted.pop(row["external_id"], None)
        if total is None:
            wrong["no order of ours"] += 1
            continue
        wrong["total"] += total != row["total"]
        wrong["currency"] += row["currency"] != "USD"
        moment = truth.moments[row["external_id"]]
        told = row["occurred_at"].astimezone(UTC)
        if isinstance(moment, datetime):
            wrong["moment"] += told != moment
        else:
            wrong["day"] += told.astimezone(SHOP).date() != moment
    wrong["missing"] += len(wanted)
    return +wrong


BROADLY = {
    "no identity": {"no_identity", "bad_email", "nobodys_email", "bad_phone"},
    "unreadable": {"unreadable_row"},
    "nobody named": {"rows_without_customer", "rows_of_totals"},
    "unknown customer": {"unknown_customer"},
    "bad date": {"no_time", "bad_occurred_at"},
    "bad amount": {"no_amount", "bad_amount"},
    "money of elsewhere": {"foreign_currency"},
}
"""The reports' reasons, as a shop's owner would sum them up."""
UNREADABLE = ("too long", "unclosed quote")


def broadly(report: ImportReport, *reasons: str) -> dict[str, int]:
    known = {code: reason for reason in reasons for code in BROADLY[reason]}
    counts: Counter[str] = Counter()
    for code, many in report.reasons.items():
        counts[known.get(code, code)] += many
    for code, many in report.notes.items():
        if (bare := code.partition(": ")[0]) in known:  # no fault, and counted all the same
            counts[known[bare]] += many
    return dict(counts)


def wanted(refused: Counter[str]) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for reason, many in refused.items():
        counts["unreadable" if reason in UNREADABLE else reason] += many
    return dict(counts)


async def check(truth: Dirty, folder: Path) -> dict[str, object]:
    """Import both files and hold what is stored against the truth."""
    people, sales = folder / "people.csv", folder / "sales.csv"
    people.write_text(truth.customers, encoding="utf-8", newline="")
    sales.write_text(truth.sales, encoding="utf-8", newline="")

    report = await run(people)
    assert await compare_people(truth) == {}
    assert broadly(report, "no identity", "unreadable") == wanted(truth.refused_people)
    assert report.created == len(truth.people)
    mailable = sum(person.consent == "given" and person.email is not None for person in truth.people)
    [counts] = await rows(
        "SELECT count(*) FILTER (WHERE email_consent = 'given' AND email_key IS NOT NULL) AS mailable,"
        " (SELECT count(*) FROM suppressions WHERE reason = 'bounced') AS stopped FROM customers"
    )
    assert (counts["mailable"], counts["stopped"]) == (mailable, truth.stopped)

    bought = await run(sales, kind="purchases")
    assert await compare_sales(truth) == {}
    reasons = ("nobody named", "unreadable", "unknown customer", "bad date", "bad amount", "money of elsewhere")
    assert broadly(bought, *reasons) == wanted(truth.refused_sales)
    [money] = await rows("SELECT sum(total) AS total, count(*) FILTER (WHERE total > 0) AS orders FROM purchases")
    assert money["total"] == truth.total()
    assert money["orders"] == sum(total > 0 for total in truth.orders.values())
    spent = {(row["external_id"], row["email_key"]): row["spent"] for row in await rows(
        "SELECT c.external_id, c.email_key, sum(p.total) AS spent FROM customers c JOIN purchases p"
        " ON p.customer_id = c.id GROUP BY c.id"
    )}  # fmt: skip
    theirs = {(person.id, person.email): person.spent for person in truth.people if person.id or person.email}
    assert {who: sum_ for who, sum_ in theirs.items() if sum_} == {who: sum_ for who, sum_ in spent.items() if sum_}
    return {"people": (len(truth.people), mailable, report), "sales": (money, bought)}


async def test_a_dirty_till_comes_to_the_truth(database: str, tmp_path: Path) -> None:
    await check(dirty_files(3000), tmp_path)
