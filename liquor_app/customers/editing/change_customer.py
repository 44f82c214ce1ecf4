"""Changing what is on file of one customer: added, corrected, deleted; each kept in the audit log."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit, audit_change
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.core.errors import Conflict, Invalid, Meanwhile, NotFound, Taken
from liquor_app.core.ids import uuid7
from liquor_app.customers.addresses import (
    country_of_somebody_new,
    guess_timezone,
    normalise_email,
    normalise_phone,
)
from liquor_app.customers.ages.age_verification import note_typed
from liquor_app.customers.ages.birth_dates import PLACEHOLDERS, birth_columns, comes_of_age
from liquor_app.customers.ages.sealed_dates import SEALED_DATE, born_columns, open_birth_date
from liquor_app.customers.consents import suppress_withdrawn
from liquor_app.customers.countries import country_code
from liquor_app.customers.erasing.erased_keys import check_not_erased
from liquor_app.customers.merging.aliases import aliases_among, drop_aliases
from liquor_app.customers.merging.gone_profiles import why_gone
from liquor_app.customers.merging.merged_fields import CONSENTS
from liquor_app.customers.models import ConsentStatus
from liquor_app.customers.person_names import one_line
from liquor_app.customers.places import normalise_state
from liquor_app.customers.service import CustomerRow, get_customer
from liquor_app.customers.visible_text import visible
from liquor_app.customers.whereabouts.zip_codes import known_zone
from liquor_app.organization.form_mistakes import Mistakes
from liquor_app.organization.settings import ComplianceSettings, load_settings, shop_today
from liquor_app.webhooks.models import Happened
from liquor_app.webhooks.outbox import emit

WRITABLE = {
    "email", "phone", "name", "external_id", "city", "state", "postal_code", "country", "timezone", "date_of_birth",
    "no_tracking",
}  # fmt: skip

TELLS_OF_NOBODY = {"state", "country", "timezone", "no_tracking"}
"""What may stand in the audit log, which is kept when a person is forgotten."""


def _clean(changes: dict[str, Any], today: date) -> dict[str, Any]:
    """Column values from a client's fields.

    Raises:
        FormInvalid: bad values, all of them.
        Invalid: an unknown field.
    """
    unknown = set(changes) - WRITABLE
    if unknown:
        raise Invalid(f"{sorted(unknown)[0]} is not a field that can be written", field=sorted(unknown)[0])
    values: dict[str, Any] = {}
    mistakes = Mistakes()
    for field, given in changes.items():
        values[field] = (visible(given).strip() or None) if isinstance(given, str) else given
        with mistakes.noted():
            if isinstance(given, str) and (len(given) > 255 or "\x00" in given):
                raise Invalid(f"{field} is longer than 255 characters or holds a NUL character", field=field)
    mistakes.refuse()
    for field in ("name", "city"):
        if isinstance(values.get(field), str):
            values[field] = one_line(values[field]) or None
    with mistakes.noted():
        if not isinstance(values.get("no_tracking", False), bool):
            raise Invalid("no_tracking must be true or false", field="no_tracking")
    with mistakes.noted():
        if "email" in values:
            values["email_key"] = normalise_email(values["email"]) if values["email"] else None
    with mistakes.noted():
        if values.get("phone"):
            values["phone"] = normalise_phone(values["phone"], values.get("country") or "US")
    with mistakes.noted():
        if "country" in values:
            if (code := country_code(str(values["country"] or "US"))) is None:
                raise Invalid("country must be two letters such as US, or a country's English name", field="country")
            values["country"] = code
    with mistakes.noted():
        if values.get("timezone") and known_zone(values["timezone"]) is None:
            raise Invalid("timezone must be a name such as America/New_York", field="timezone")
    with mistakes.noted():
        if values.get("date_of_birth"):
            values["date_of_birth"] = _clean_birth_date(values["date_of_birth"], today)
    mistakes.refuse()
    if values.get("state"):
        values["state"] = normalise_state(values["state"]) or None
    if "name" in values:
        values["first_name"] = None  # it was of the name before
    if "state" in values or "phone" in values:
        values.setdefault(
            "timezone",
            guess_timezone(values.get("state"), values.get("phone"), values.get("postal_code")),
        )
    return values


def _clean_birth_date(given: Any, today: date) -> date:
    try:
        born = given if isinstance(given, date) else date.fromisoformat(str(given))
    except ValueError as error:
        raise Invalid("date_of_birth must be a date such as 1980-02-29", field="date_of_birth") from error
    if not date(1900, 1, 1) <= born <= today:
        raise Invalid("date_of_birth must lie between 1900 and today", field="date_of_birth")
    if born in PLACEHOLDERS:
        raise Invalid(
            f"date_of_birth {born} is what tills write where they know nothing. Leave it out; if it is true, record"
            " the proof of age that was seen.",
            field="date_of_birth",
        )
    return born


def _sealed(values: dict[str, Any]) -> dict[str, Any]:
    """Return the columns that values stand in."""
    if "date_of_birth" not in values:
        return values
    plain = {name: value for name, value in values.items() if name != "date_of_birth"}
    return {**plain, **born_columns(values["date_of_birth"] or None)}


async def _refuse_taken(session: AsyncSession, values: dict[str, Any], own: UUID | None) -> None:
    for column, field in (("email_key", "email"), ("external_id", "external_id")):
        if values.get(column):
            taken = await session.execute(
                text(f"SELECT id FROM customers WHERE {column} = :value AND deleted_at IS NULL"),
                {"value": values[column]},
            )
            if (other := taken.scalar()) and other != own:
                raise Taken(f"Another customer already has this {field}.", field=field)
            alias = await aliases_among(session, {column: [values[column]]})
            if (other := alias.get((column, values[column]))) and other != own:
                raise Conflict(
                    f"This {field} is of a profile that was merged into another customer: change that one.", field=field
                )


async def _refuse_older(session: AsyncSession, before: Any, born: date | None) -> None:
    """A minor on file does not come of age by a change of a field, nor does a doubt end by it."""
    known, minimum = before["of_age_on"], (await load_settings(session, ComplianceSettings)).minimum_age
    is_minor = known is not None and comes_of_age(known, minimum) > await shop_today(session)
    told = birth_columns(born).of_age_on
    if before["age_disputed_at"] is not None or (is_minor and (told is None or told < known)):
        raise Conflict(
            "This customer is a minor by what is on file, or their age is in doubt. Record the proof of age that was"
            " seen instead of changing the date.",
            field="date_of_birth",
        )


async def create_customer(session: AsyncSession, actor: Actor, changes: dict[str, Any]) -> CustomerRow:
    """Add a customer. Consent is never implied; record it with `record_consent`.

    Raises:
        Forbidden: the actor may only read.
        Invalid: a bad field, or none of email, phone and external_id.
        Conflict: the e-mail or external id belongs to somebody else.
    """
    require(actor, Permission.CUSTOMERS_WRITE)
    values = _clean(changes, await shop_today(session))
    if not any(values.get(name) for name in ("email", "phone", "external_id")):
        raise Invalid("Give at least one of email, phone and external_id.", field="email")
    if not changes.get("country") and (home := country_of_somebody_new({**values, "country": None})):
        values["country"] = home
    await check_not_erased(session, actor, values)
    await _refuse_taken(session, values, None)
    values["id"] = uuid7()
    columns = _sealed(values)
    names = ", ".join(columns)
    await session.execute(
        text(f"INSERT INTO customers ({names}) VALUES ({', '.join(':' + name for name in columns)})"), columns
    )
    if values.get("date_of_birth"):
        await note_typed(session, actor, values["id"], values["date_of_birth"])
    await audit(session, actor, "customer.created", "customer", values["id"], fields=sorted(changes))
    await emit(session, Happened.CUSTOMER_CREATED, [{"customer_id": values["id"]}])
    return await get_customer(session, actor, values["id"])


async def update_customer(
    session: AsyncSession, actor: Actor, customer_id: UUID, changes: dict[str, Any], *, seen: datetime | None = None
) -> CustomerRow:
    """Change fields; `seen` (the `updated_at` the client read) refuses to overwrite somebody else's change. Consent to
    write to an address goes with it; a no stays.

    Raises:
        NotFound, Forbidden, Invalid: as usual.
        Conflict: changed meanwhile, or an address that is taken.
    """
    require(actor, Permission.CUSTOMERS_WRITE)
    locked = await session.execute(
        text("SELECT * FROM customers WHERE id = :id AND deleted_at IS NULL FOR UPDATE"), {"id": customer_id}
    )
    found = locked.mappings().first()
    if found is None:
        raise NotFound(await why_gone(session, customer_id))
    before = {**found, "date_of_birth": open_birth_date(found[SEALED_DATE])}
    if seen is not None and before["updated_at"] != seen:
        raise Meanwhile("Somebody changed this customer meanwhile. Reload, then make your change again.")
    values = _clean(changes, await shop_today(session))
    if not values:
        return await get_customer(session, actor, customer_id)
    after = {**before, **values}
    if not any(after.get(name) for name in ("email_key", "phone", "external_id")):
        raise Invalid("A customer needs at least one of email, phone and external_id.", field="email")
    await check_not_erased(session, actor, values)
    await _refuse_taken(session, values, customer_id)
    born = values.get("date_of_birth", before["date_of_birth"])
    if born != before["date_of_birth"]:
        await _refuse_older(session, before, born)
        if born:
            await note_typed(session, actor, customer_id, born)
    lost = _lost_yeses(before, values)
    columns = _sealed(values | lost)
    sets = ", ".join(f"{name} = :{name}" for name in columns)
    await session.execute(
        text(f"UPDATE customers SET {sets}, updated_at = now() WHERE id = :id"), {**columns, "id": customer_id}
    )
    written = {name: values[name] for name in changes} | lost
    await audit_change(
        session,
        actor,
        "customer.updated",
        "customer",
        customer_id,
        before=before,
        after=written,
        private=WRITABLE - TELLS_OF_NOBODY,
    )
    if fields := sorted(name for name, value in written.items() if before.get(name) != value):
        await emit(session, Happened.CUSTOMER_UPDATED, [{"customer_id": customer_id, "fields": fields}])
    return await get_customer(session, actor, customer_id)


def _lost_yeses(before: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, None]:
    """Return the columns of consents that were about an address which is replaced. A no is the person's and stays."""
    return {
        consent: None
        for consent, address in CONSENTS.values()
        if address in values
        and before[address] not in (None, values[address])
        and before[consent] not in (None, ConsentStatus.WITHDRAWN)
    }


async def delete_customer(session: AsyncSession, actor: Actor, customer_id: UUID) -> None:
    """Soft delete: gone from every list and every audience, kept for the record until erased. Their no stays, on the
    suppression list; addresses and numbers of profiles that were merged into theirs are nobody's again.

    Raises:
        NotFound: unknown or already deleted.
    """
    require(actor, Permission.CUSTOMERS_WRITE)
    gone = await session.execute(
        text("UPDATE customers SET deleted_at = now(), updated_at = now()"
             " WHERE id = :id AND deleted_at IS NULL RETURNING id"),
        {"id": customer_id},
    )  # fmt: skip
    if gone.scalar() is None:
        raise NotFound(await why_gone(session, customer_id))
    await suppress_withdrawn(session, customer_id)
    await drop_aliases(session, customer_id)
    await audit(session, actor, "customer.deleted", "customer", customer_id)
