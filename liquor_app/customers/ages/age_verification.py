"""How old somebody is: what they say, what staff saw, and what holds while the two do not agree.

The younger date always counts. Where one of two statements makes a minor of somebody the other calls of age, nothing
is confirmed and nothing is sent to them (`age_disputed_at`) until a person of the shop has settled it. Every statement
enters the age ledger.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit, audit_change
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import SYSTEM, Actor, require
from liquor_app.core.errors import Invalid, NotFound
from liquor_app.core.security.redact import redact
from liquor_app.core.storable_text import said
from liquor_app.customers.ages.birth_dates import age_on, comes_of_age, known_birthday
from liquor_app.customers.ages.sealed_dates import born_columns, open_birth_date, seal_birth_date
from liquor_app.customers.merging.gone_profiles import why_gone
from liquor_app.organization.service import notify
from liquor_app.organization.settings import ComplianceSettings, load_settings, shop_today

OWN_WORD, SEEN, TYPED = "date of birth, own statement", "proof seen by staff", "typed by staff"
PROOF_LENGTH = 200
DISPUTED = (
    "What is on file and what was told about this customer's age do not agree, and one of the two is a minor's."
    " Nothing is sent to them. Settle it on the customer's page, with the proof that was seen."
)
IN_DOUBT = "A customer's age is in doubt"

_READ = """
SELECT date_of_birth_encrypted, of_age_on, age_verified_at, age_disputed_at FROM customers
WHERE id = :id AND deleted_at IS NULL
"""
_LOCK = f"{_READ} FOR UPDATE"
_KEEP = """
UPDATE customers SET date_of_birth_encrypted = :date_of_birth_encrypted, of_age_on = :of_age_on,
    birthday_md = :birthday_md, updated_at = now(),
    age_verified_at = CASE WHEN :verified THEN COALESCE(age_verified_at, now()) END,
    age_disputed_at = CASE WHEN :disputed THEN COALESCE(age_disputed_at, now()) END
WHERE id = :id
"""
_DOUBT = """
UPDATE customers SET age_verified_at = NULL, age_disputed_at = now(), updated_at = now() WHERE id = :id
"""
_LEDGER = """
INSERT INTO age_ledger (customer_id, date_of_birth_encrypted, verified, method, evidence)
VALUES (:id, :born, :verified, :method, CAST(:evidence AS jsonb))
"""


@dataclass(frozen=True, slots=True)
class Age:
    """What holds for a customer now."""

    date_of_birth: date | None
    is_of_age: bool
    """Confirmed. False for minors, and while it is disputed."""
    is_disputed: bool


async def age_of(session: AsyncSession, actor: Actor, customer_id: UUID) -> Age:
    """Return what holds of a customer's age, with the date of birth; who reads one is in the audit log.

    Raises:
        Forbidden: the actor may only read.
        NotFound: there is no such customer.
    """
    require(actor, Permission.CUSTOMERS_PRIVATE)
    found = await session.execute(text(_READ), {"id": customer_id})
    if (row := found.first()) is None:
        raise NotFound(await why_gone(session, customer_id))
    minimum = (await load_settings(session, ComplianceSettings)).minimum_age
    has_reached = row.of_age_on is not None and comes_of_age(row.of_age_on, minimum) <= await shop_today(session)
    is_minor = row.of_age_on is not None and not has_reached
    disputed = row.age_disputed_at is not None
    if row.date_of_birth_encrypted is not None:
        await audit(session, actor, "date_of_birth.read", "customer", customer_id)
    return Age(
        open_birth_date(row.date_of_birth_encrypted),
        row.age_verified_at is not None and not is_minor and not disputed,
        disputed,
    )


async def hear_birthday(session: AsyncSession, customer_id: UUID, said: date, *, ip: str | None) -> Age:
    """Take somebody's own word for their date of birth (a link of theirs is their authority).

    Raises:
        NotFound: there is no such customer.
        Invalid: not a possible date.
    """
    today = await shop_today(session)
    _check_possible(said, today, "born")
    before = await _lock(session, customer_id)
    minimum = (await load_settings(session, ComplianceSettings)).minimum_age
    known = known_birthday(open_birth_date(before.date_of_birth_encrypted))
    is_minor = age_on(said, today) < minimum
    was_adult = age_on(known, today) >= minimum if known else before.age_verified_at is not None
    was_minor = known is not None and not was_adult
    contradicted = (is_minor and was_adult) or (was_minor and not is_minor)
    disputed = contradicted or before.age_disputed_at is not None
    born = max(known, said) if known else said
    verified = not disputed and not is_minor
    evidence: dict[str, Any] = {"ip": ip, "on_file": _beside(known, said)}
    await _write_down(session, customer_id, said, verified=verified, method=OWN_WORD, evidence=evidence)
    await session.execute(
        text(_KEEP), {"id": customer_id, **born_columns(born), "verified": verified, "disputed": disputed}
    )
    if contradicted and before.age_disputed_at is None:
        await _tell_of_doubt(session, SYSTEM, customer_id, evidence)
    return Age(born, verified, disputed)


async def doubt_age(session: AsyncSession, actor: Actor, customer_id: UUID, evidence: dict[str, Any]) -> bool:
    """Hold all sending to somebody whom a date makes a minor that is not (yet) theirs on file, until the shop has
    settled it; no date is kept. Returns False where nothing had to change: they are a minor on file, or held already. A
    corridor.

    Raises:
        NotFound: there is no such customer.
    """
    before = await _lock(session, customer_id)
    minimum = (await load_settings(session, ComplianceSettings)).minimum_age
    is_minor = before.of_age_on is not None and comes_of_age(before.of_age_on, minimum) > await shop_today(session)
    if is_minor or before.age_disputed_at is not None:
        return False
    await session.execute(text(_DOUBT), {"id": customer_id})
    await _tell_of_doubt(session, actor, customer_id, evidence)
    return True


async def _tell_of_doubt(session: AsyncSession, actor: Actor, customer_id: UUID, evidence: dict[str, Any]) -> None:
    await audit(session, actor, "age.disputed", "customer", customer_id, **evidence)
    await notify(session, title=IN_DOUBT, body=DISPUTED, link=f"/customers/{customer_id}", level="warning")


async def settle_age(session: AsyncSession, actor: Actor, customer_id: UUID, *, born: date, proof: str) -> Age:
    """Record what proof of age somebody of the shop has seen; it ends a dispute, either way.

    Args:
        proof: what was seen, where ("driving licence, at the counter"); not its number.

    Raises:
        Forbidden: the actor may only read.
        NotFound: there is no such customer.
        Invalid: no proof is named, or not a possible date.
    """
    require(actor, Permission.CUSTOMERS_WRITE)
    proof = " ".join(said(proof).split())
    if not proof or len(proof) > PROOF_LENGTH:
        raise Invalid(f"Say what proof was seen, in at most {PROOF_LENGTH} characters.", field="proof")
    today = await shop_today(session)
    _check_possible(born, today, "date_of_birth")
    before = await _lock(session, customer_id)
    on_file = open_birth_date(before.date_of_birth_encrypted)
    minimum = (await load_settings(session, ComplianceSettings)).minimum_age
    of_age = age_on(born, today) >= minimum
    evidence = {
        "proof": proof, "by": str(actor.user_id) if actor.user_id else actor.name,
        "on_file": _beside(on_file, born),
    }  # fmt: skip
    await _write_down(session, customer_id, born, verified=of_age, method=SEEN, evidence=evidence)
    await session.execute(text(_KEEP), {"id": customer_id, **born_columns(born), "verified": of_age, "disputed": False})
    await audit_change(
        session,
        actor,
        "age.settled",
        "customer",
        customer_id,
        before={"date_of_birth": on_file, "is_disputed": before.age_disputed_at is not None},
        after={"date_of_birth": born, "is_disputed": False},
        private={"date_of_birth"},
        proof=redact(proof),
        of_age=of_age,
        was_disputed=before.age_disputed_at is not None,
    )
    return Age(born, of_age, False)


async def note_typed(session: AsyncSession, actor: Actor, customer_id: UUID, born: date) -> None:
    """A date of birth typed or sent by a program enters the ledger; it proves nothing by itself. Where it makes a minor
    of somebody who is of age by what is on file, that is in doubt. A corridor, before the date is on file."""
    evidence = {"by": str(actor.user_id) if actor.user_id else actor.name}
    minimum = (await load_settings(session, ComplianceSettings)).minimum_age
    before = await _lock(session, customer_id)
    is_known = before.of_age_on is not None or before.age_verified_at is not None
    if is_known and age_on(born, await shop_today(session)) < minimum:
        await doubt_age(session, actor, customer_id, evidence)
    await _write_down(session, customer_id, born, verified=False, method=TYPED, evidence=evidence)


async def _write_down(
    session: AsyncSession, customer_id: UUID, born: date, *, verified: bool, method: str, evidence: dict[str, Any]
) -> None:
    await session.execute(
        text(_LEDGER),
        {
            "id": customer_id, "born": seal_birth_date(born), "verified": verified, "method": method,
            "evidence": json.dumps(evidence),
        },
    )  # fmt: skip


def _beside(on_file: date | None, told: date) -> str | None:
    """Tell how what was on file stands to what was told, without naming either: the ledger seals dates."""
    if on_file is None:
        return None
    return "the same" if on_file == told else "older" if on_file < told else "younger"


async def _lock(session: AsyncSession, customer_id: UUID) -> Any:
    found = await session.execute(text(_LOCK), {"id": customer_id})
    row = found.first()
    if row is None:
        raise NotFound(await why_gone(session, customer_id))
    return row


def _check_possible(born: date, today: date, field: str) -> None:
    if born > today or age_on(born, today) > 120:
        raise Invalid("That date of birth cannot be right.", field=field)
