"""What two profiles of one person become, field by field. Pure.

The profile that stays keeps what it has; what it lacks comes from the other. What holds somebody back holds, whoever
said it: a no, an objection, the younger date of birth, the smaller number of messages, the later pause.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from liquor_app.customers.ages.birth_dates import comes_of_age
from liquor_app.customers.ages.sealed_dates import BIRTH_COLUMNS
from liquor_app.customers.labels.custom_values import custom_of, with_custom
from liquor_app.customers.models import ConsentStatus

Values = Mapping[str, Any]

PLACE = ("city", "state", "postal_code", "country", "timezone")
"""Taken together: half of one address and half of another is where nobody lives."""
CONSENTS = {"email": ("email_consent", "email_key"), "sms": ("sms_consent", "phone")}
"""Channel → columns of the consent and of the address it is about."""
AGES = (*BIRTH_COLUMNS, "age_verified_at", "age_disputed_at")
HOLDS_BACK = ("profiling_objected_at", "no_tracking", "paused_until", "max_contacts_30_days", "topics_off")
"""What somebody wants less of: of two the stricter counts."""
FILLED = ("external_id", "phone")
CHANGED = (
    *FILLED, "name", "first_name", "email", "email_key", *PLACE, "language", *AGES,
    *(consent for consent, _ in CONSENTS.values()), *HOLDS_BACK, "raw_data",
)  # fmt: skip
"""Every column a merge may write."""


def merged_columns(stays: Values, goes: Values, today: date, minimum_age: int, now: Any) -> dict[str, Any]:
    """Return the columns of the profile that stays as they will be.

    Args:
        stays, goes: columns of both, `CHANGED` at least.
        now: the moment a doubt about the age begins, if one does.
    """
    made: dict[str, Any] = {name: _first(stays[name], goes[name]) for name in FILLED}
    named = stays if stays["name"] else goes
    made |= {"name": named["name"], "first_name": named["first_name"]}
    from_other = goes if not stays["email_key"] else stays
    made |= {"email": from_other["email"], "email_key": from_other["email_key"]}
    lives = stays if any(stays[name] for name in ("city", "state", "postal_code")) else goes
    made |= {name: lives[name] or stays[name] for name in PLACE}
    made["language"] = stays["language"] or goes["language"]
    made |= {consent: _consent(stays, goes, consent, address) for consent, address in CONSENTS.values()}
    made |= _ages(stays, goes, today, minimum_age, now)
    made["profiling_objected_at"] = _pick(min, stays, goes, "profiling_objected_at")
    made["no_tracking"] = bool(stays["no_tracking"] or goes["no_tracking"])
    made["paused_until"] = _pick(max, stays, goes, "paused_until")
    made["max_contacts_30_days"] = _pick(min, stays, goes, "max_contacts_30_days")
    made["topics_off"] = sorted({*stays["topics_off"], *goes["topics_off"]})
    made["raw_data"] = with_custom(stays["raw_data"], {**custom_of(goes["raw_data"]), **custom_of(stays["raw_data"])})
    return made


def _first(one: Any, other: Any) -> Any:
    return other if one in (None, "") else one


def _pick(choose: Callable[..., Any], stays: Values, goes: Values, name: str) -> Any:
    return choose((one[name] for one in (stays, goes) if one[name] is not None), default=None)


def _consent(stays: Values, goes: Values, consent: str, address: str) -> str | None:
    """A no of either is a no. A yes is about an address: it counts for the one that is kept, and for no other."""
    said = (stays[consent], goes[consent])
    if ConsentStatus.WITHDRAWN in said:
        return ConsentStatus.WITHDRAWN.value
    kept = stays[address] or goes[address]
    told = [one[consent] for one in (stays, goes) if one[address] == kept and one[consent]]
    return next((one for one in told if one == ConsentStatus.GIVEN), told[0] if told else None)


def _ages(stays: Values, goes: Values, today: date, minimum_age: int, now: Any) -> dict[str, Any]:
    """The younger date counts; where one makes a minor of whom the other calls of age, it is in doubt."""
    both = [one for one in (stays, goes) if one["of_age_on"] is not None]
    younger = max(both, key=lambda one: one["of_age_on"], default=stays if stays[BIRTH_COLUMNS[0]] else goes)
    minors = {comes_of_age(one["of_age_on"], minimum_age) > today for one in both}
    proved = any(one["age_verified_at"] is not None and one["of_age_on"] is None for one in (stays, goes))
    doubtful = minors == {True, False} or (minors == {True} and proved)
    disputed = _pick(min, stays, goes, "age_disputed_at") or (now if doubtful else None)
    verified = (
        None if disputed is not None or True in minors else _first(stays["age_verified_at"], goes["age_verified_at"])
    )
    return {
        **{name: younger[name] for name in BIRTH_COLUMNS}, "age_disputed_at": disputed, "age_verified_at": verified,
    }  # fmt: skip
