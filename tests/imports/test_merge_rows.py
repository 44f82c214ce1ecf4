"""Who a row is about, and what it changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liquor_app.core.ids import uuid7
from liquor_app.customers.models import ConsentStatus
from liquor_app.imports.cleaning.answers.consent_cells import ConsentGiven
from liquor_app.imports.cleaning.cells import Rejected
from liquor_app.imports.cleaning.person_rows import Person
from liquor_app.imports.customer_rows import merge
from liquor_app.imports.merge_rows import FIELDS, Outcome, Policy, apply
from liquor_app.imports.people.known_people import Base, Known

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def person(number: int = 2, consents: tuple[ConsentGiven, ...] = (), **values: object) -> Person:
    if "email" in values:
        values["email_key"] = str(values["email"]).lower()
    return Person(number, values, consents)


def known(**values: object) -> Known:
    return Known(uuid7(), {**dict.fromkeys(FIELDS), **person(**values).values}, seen=NOW)


def test_fill_fills_overwrite_overwrites_keep_keeps() -> None:
    for policy, name, city in (
        (Policy.FILL, "Ada", "Rye"),
        (Policy.OVERWRITE, "Bea", "Rye"),
        (Policy.KEEP, "Ada", None),
    ):
        one = known(email="a@b.co", name="Ada")
        apply(Base([one]), person(email="A@B.co", name="Bea", city="Rye"), policy)
        assert (one.values["name"], one.values["city"]) == (name, city)
        assert one.values["email"] == "a@b.co"


def test_email_before_external_id_before_phone() -> None:
    mail, number, phone = known(email="a@b.co"), known(external_id="7"), known(phone="+12075550123")
    base = Base([mail, number, phone])
    assert base.match(person(email="a@b.co", phone="+12075550123").values) is mail
    assert base.match(person(email="new@b.co", external_id="7").values) is number
    assert base.match(person(phone="+12075550123").values) is phone
    assert base.match(person(email="new@b.co").values) is None


def test_families_share_a_telephone() -> None:
    husband = known(email="he@b.co", phone="+12075550123")
    base = Base([husband])
    assert base.match(person(email="she@b.co", phone="+12075550123").values) is None
    assert base.match(person(external_id="9", phone="+12075550123").values) is None
    assert base.match(person(phone="+12075550123").values) is husband


def test_a_telephone_alone_finds_who_is_known_by_nothing_else() -> None:
    named, nameless = known(email="a@b.co", phone="+12075550101"), known(phone="+12075550101")
    for base in (Base([named, nameless]), Base([nameless, named])):
        assert base.match(person(phone="+12075550101").values) is nameless
    assert Base([named]).match(person(phone="+12075550101").values) is named


def test_a_row_of_two_customers_is_refused() -> None:
    base = Base([known(email="a@b.co"), known(external_id="7")])
    with pytest.raises(Rejected) as caught:
        apply(base, person(email="a@b.co", external_id="7"), Policy.OVERWRITE)
    assert caught.value.code == "two_customers"


def test_a_changed_key_no_longer_matches() -> None:
    one = known(email="old@b.co", external_id="7")
    base = Base([one])
    apply(base, person(email="new@b.co", external_id="7"), Policy.OVERWRITE)
    assert base.match(person(email="old@b.co").values) is None
    assert base.match(person(email="new@b.co").values) is one


def test_the_newest_consent_counts_under_every_policy() -> None:
    def said(status: ConsentStatus, days: int) -> tuple[ConsentGiven, ...]:
        return (ConsentGiven("email", status, "till", NOW + timedelta(days=days)),)

    for policy in Policy:
        one = known(email="a@b.co")
        one.consent, one.consent_at = {"email": "given"}, {"email": NOW}
        base = Base([one])
        older = apply(base, person(email="a@b.co", consents=said(ConsentStatus.WITHDRAWN, -1)), policy)
        assert older[1] is Outcome.UNCHANGED
        newer = apply(base, person(email="a@b.co", consents=said(ConsentStatus.WITHDRAWN, 1)), policy)
        assert newer[1] is Outcome.UPDATED
        assert one.consent["email"] == "withdrawn"
        again = apply(base, person(email="a@b.co", consents=said(ConsentStatus.WITHDRAWN, 1)), policy)
        assert again[1] is Outcome.UNCHANGED


people_rows = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "email": st.sampled_from(["a@b.co", "b@b.co", "c@b.co"]),
            "external_id": st.sampled_from(["1", "2", "3"]),
            "phone": st.sampled_from(["+12075550101", "+12075550102"]),
            "name": st.sampled_from(["Ada", "Bo", "Cy"]),
            "city": st.sampled_from(["Rye", "Bath"]),
        },
    ).filter(lambda row: bool({"email", "external_id", "phone"} & set(row))),
    max_size=12,
)


@given(people_rows, st.sampled_from(list(Policy)))
def test_a_file_counts_up_keys_stay_unique_and_again_changes_nobody(
    rows: list[dict[str, object]], policy: Policy
) -> None:
    people = [person(number, **row) for number, row in enumerate(rows, 2)]
    base = Base([])
    first = merge(base, people, policy)
    assert len(first.outcomes) + len(first.rejected) == len(rows)
    for key in ("email_key", "external_id"):
        held = [one.values[key] for one in base.people.values() if one.values[key]]
        assert len(held) == len(set(held))
    stored = Base(Known(one.id, dict(one.values), seen=NOW) for one in base.people.values())
    again = merge(stored, people, policy)
    if policy is Policy.FILL and not first.rejected:
        assert Outcome.UPDATED not in again.outcomes.values()
