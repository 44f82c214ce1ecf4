"""What a row says of somebody, as the columns it fills or changes. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from liquor_app.customers.addresses import guess_timezone
from liquor_app.customers.ages.birth_dates import birth_columns
from liquor_app.customers.ages.sealed_dates import BIRTH_COLUMNS, SEALED_DATE, born_columns
from liquor_app.customers.labels.custom_values import custom_of, with_custom
from liquor_app.customers.person_names import NO_GIVEN, may_be_one_person
from liquor_app.imports.cleaning.person_rows import Person

OPEN = frozenset({None, "", NO_GIVEN})
"""What is filled."""


def is_given_name(value: Any, stays: Any, person: Person) -> bool:
    """Tell whether a row's given name is one of the whole name that stays, be it the row's own or what is known."""
    told: Any = person.values.get("name")
    return stays == told or (value != NO_GIVEN and may_be_one_person(stays, told))


def younger(known: Mapping[str, Any], born: Any, *, fills: bool) -> dict[str, Any]:
    """Return the columns of a date of birth that a row changes. A file makes nobody older: of two the younger counts,
    and days of coming of age stand in the same order as the dates they were worked out from."""
    if born is None:
        return {}
    told = birth_columns(born)
    had, has = (known.get("of_age_on"), known.get("birthday_md")), (told.of_age_on, told.birthday_md)
    if had[0] is not None and (fills or has <= had):
        return {}
    return born_columns(born)


def custom_changes(known: Mapping[str, Any], person: Person, *, overwrites: bool) -> dict[str, Any]:
    """Return the custom fields a row changes, as their column."""
    held = custom_of(known.get("raw_data"))
    more = {key: value for key, value in person.custom if held.get(key) != value and (overwrites or key not in held)}
    return {"raw_data": with_custom(known.get("raw_data"), more)} if more else {}


def said_again(known: Mapping[str, Any], person: Person) -> set[str]:
    """Return the columns of which a row says what is known; those a column settles (a zone by its state) with it."""
    told = {name for name, value in person.values.items() if known.get(name) == value}
    told |= {"email"} if "email_key" in told else set()
    told |= {"timezone"} if "state" in told else set()
    born = person.values.get("date_of_birth")
    if isinstance(born, date) and birth_columns(born).of_age_on == known.get("of_age_on"):
        told |= {*BIRTH_COLUMNS, SEALED_DATE}
    if person.custom and not custom_changes(known, person, overwrites=True):
        told.add("raw_data")
    return told


def columns_of(person: Person) -> dict[str, Any]:
    """Return what stands in the columns of somebody new."""
    told = dict(person.values)
    born = told.pop("date_of_birth", None)
    if person.custom:
        told["raw_data"] = with_custom(None, dict(person.custom))
    return {**told, **born_columns(born)} if isinstance(born, date) else told


def timezone_of(values: Mapping[str, Any]) -> str | None:
    """Return the zone of where a row says somebody lives, else of their number; None where neither tells."""
    state = values.get("state")
    return guess_timezone(state, None if state else values.get("phone"), values.get("postal_code"))
