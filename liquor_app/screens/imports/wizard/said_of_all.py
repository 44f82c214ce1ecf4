"""What can be said of everybody in a file, and what is wrong with it. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

from liquor_app.imports.cleaning.answers.answer_cells import LONGEST_WORDING
from liquor_app.imports.cleaning.dates import read_date
from liquor_app.organization.models import Channel

SAID_OF = {
    "customers": (
        *(
            f"{channel}_consent{part}"
            for channel in (Channel.EMAIL.value, Channel.SMS.value)
            for part in ("", "_source", "_at", "_wording")
        ),
        "country", "tags",
    ),
    "purchases": ("store",),
    "products": (),
}  # fmt: skip
"""Fields somebody may fill for every row, by kind of file: a channel's consent has a source, a day and words of its
own, for nobody agreed to texts by a box about e-mail."""
FIELDS = tuple(field for fields in SAID_OF.values() for field in fields)
NOTHING = dict.fromkeys(FIELDS, "")
_CALLED = {Channel.EMAIL: "e-mail", Channel.SMS: "texts"}
_FROM_BEFORE = {name: f"email_{name}" for name in ("consent_source", "consent_at", "consent_wording")}
"""What was said of both channels at once, before each had its own."""
_LONGEST = {"email_consent_at": 30, "sms_consent_at": 30, "country": 60, "tags": 255, "store": 120} | {
    f"{channel}_consent_{part}": most
    for channel in (Channel.EMAIL.value, Channel.SMS.value)
    for part, most in (("source", 120), ("wording", LONGEST_WORDING))
}


def told_again(constants: Mapping[str, Any]) -> dict[str, str]:
    """Return what was said before the page was left, by field."""
    named = {_FROM_BEFORE.get(name, name): str(value) for name, value in constants.items()}
    return NOTHING | {name: value for name, value in named.items() if name in NOTHING}


def clean_said(field: str, value: Any) -> str:
    """Return what was said of a field as it is kept: a ticked box as "yes", one that is not as nothing."""
    if field in (f"{Channel.EMAIL}_consent", f"{Channel.SMS}_consent"):
        return "yes" if value is True or value == "yes" else ""
    return str(value or "").strip()[: _LONGEST.get(field, 0)]


def mistakes(said: Mapping[str, str], kind: str, held: Collection[str], today: date) -> dict[str, str]:
    """Return what is wrong with what was said, by field: a yes without where or when it was given, a day that has not
    come.

    Args:
        held: fields the file itself holds.
        today: by the shop's calendar.
    """
    wrong = dict.fromkeys(FIELDS, "")
    for channel in (Channel.EMAIL, Channel.SMS) if kind == "customers" else ():
        asked = bool(said.get(f"{channel}_consent"))
        for part, words in (
            ("source", f"Say where they agreed to {_CALLED[channel]}: a yes without it counts for nobody."),
            ("at", f"Say since when they agree to {_CALLED[channel]}: a yes without it counts for nobody."),
        ):
            field = f"{channel}_consent_{part}"
            if asked and not said.get(field) and not {field, f"consent_{part}"} & set(held):
                wrong[field] = words
        if day := said.get(f"{channel}_consent_at"):
            wrong[f"{channel}_consent_at"] = _wrong_day(day, today)
    return wrong


def _wrong_day(day: str, today: date) -> str:
    found = read_date(day)
    if found is None:
        return "Write the day as 2026-01-31."
    return "This day has not come yet: nobody has agreed on it." if _bare(found) > today else ""


def _bare(found: Any) -> date:
    return found.date() if hasattr(found, "date") else found


def first_mistake(wrong: Mapping[str, str]) -> str:
    """Return the first thing that is wrong; empty for nothing."""
    return next(filter(None, wrong.values()), "")
