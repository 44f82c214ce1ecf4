"""Signing in, in three steps: count the attempt, look at the password outside of any transaction, write down what came
of it. Whoever is refused learns nothing: an address that does not exist takes the same way, time and words."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from liquor_app.accounts.audit import audit_access
from liquor_app.accounts.entry.known_devices import Device
from liquor_app.accounts.entry.second_step_rule import has_codes, needs_second_step
from liquor_app.accounts.entry.sign_in_attempts import (
    CODES_FREE,
    Counted,
    count_attempt,
    count_code,
    forgive,
    forgive_codes,
)
from liquor_app.accounts.entry.two_steps import take_code
from liquor_app.accounts.models import User
from liquor_app.accounts.permissions import STRANGER
from liquor_app.accounts.users import UserRow, get_user
from liquor_app.core.clock import now
from liquor_app.core.db import transaction
from liquor_app.core.errors import CodeNeeded, Invalid, Unauthenticated

WRONG = "E-mail or password is wrong."
CODE_NEEDED = "Say the code your app shows, or a recovery code, as well."
WRONG_CODE = "The code is wrong, was used, or is too old. Wait for the next one."

_STANDS = "SELECT 1 FROM users WHERE id = :user AND is_active AND password_hash = :stored FOR UPDATE"


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt under way.

    Attributes:
        stored: what the password is held against; None for nobody, which takes as long.
    """

    user: UserRow | None
    stored: str | None
    counted: Counted
    source: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """Outcome of an attempt. A refusal is a value, not an exception, so that what is written of it commits."""

    user: UserRow | None
    waits_for: UserRow | None = None
    """Whose password was right, and whose code is still to be said."""
    wrong: str = WRONG
    stored: str | None = None
    """What the password was held against; of somebody granted."""

    def granted(self) -> UserRow:
        """Return the user.

        Raises:
            CodeNeeded: the password was right, and a code is needed as well.
            Unauthenticated: the attempt was refused.
        """
        if self.waits_for is not None:
            raise CodeNeeded(
                "Say the code your app shows, or a recovery code; or sign in with your passkey.", field="code"
            )
        if self.user is None:
            raise Unauthenticated(self.wrong)
        return self.user


async def begin_attempt(
    session: AsyncSession, *, email: str, source: str, source_group: str, device: Device | None
) -> Attempt:
    """Count an attempt at the password of `email`, and find what to hold it against.

    Raises:
        TooMany: whoever tries must wait.
    """
    address = email.strip().lower()[:254]
    found = await session.execute(select(User).where(text("lower(email) = :email").bindparams(email=address)))
    user = found.scalars().first()
    is_known = device is not None and user is not None and device.knows(user.id)
    counted = await count_attempt(
        session, address=address, source=source_group, device=device.id if device and is_known else None
    )
    active = user if user is not None and user.is_active else None
    row = await get_user(session, user.id) if user is not None else None
    return Attempt(row, active.password_hash if active else None, counted, source)


async def finish_attempt(
    session: AsyncSession, attempt: Attempt, correct: bool, *, kind: str = "sign_in", code: str | None = None
) -> Verdict:
    """Write down what came of an attempt: the time of it, or a refusal of this `kind` in the audit log.

    Args:
        code: of the second step, where it came with the password. Somebody who signs in in two steps and said none is
            `waits_for`, and the attempt stays counted until the code is said: guessing codes is guessing, too.

    Raises:
        TooMany: too many codes of theirs were wrong, from wherever.
    """
    wrong = WRONG
    if correct and attempt.user is not None:
        found = await session.execute(select(User).where(col(User.id) == attempt.user.id).with_for_update())
        user = found.scalars().one()
        if user.is_active and user.password_hash == attempt.stored:
            two_steps = kind == "sign_in" and await needs_second_step(session, user.id)
            if two_steps and code is None:
                return Verdict(None, waits_for=attempt.user)
            codes = await count_code(session, user.id) if two_steps else 0
            if not two_steps or await take_code(session, user.id, code or ""):
                await forgive(session, attempt.counted)
                if two_steps:
                    await forgive_codes(session, user.id)
                user.last_login_at = now()
                return Verdict(attempt.user, stored=attempt.stored)
            kind, wrong = "code", WRONG_CODE
            if codes >= CODES_FREE and not attempt.counted.locks:
                await audit_access(session, STRANGER, "code.locked", user.id, ip=attempt.source, in_a_row=codes)
    about = attempt.user.id if attempt.user else None
    told = {"ip": attempt.source, "in_a_row": attempt.counted.failures}
    await audit_access(session, STRANGER, f"{kind}.refused", about, **told)
    if attempt.counted.locks:
        await audit_access(session, STRANGER, f"{kind}.locked", about, **told)
    return Verdict(None, wrong=wrong)


async def hold_granted(session: AsyncSession, verdict: Verdict) -> UserRow:
    """Return the user of a verdict and hold their row, for the transaction in which their session is opened: changing
    the password ends what is open, and would not see a session that is only about to be.

    Raises:
        CodeNeeded, Unauthenticated: as `granted`; or the password was changed since, or the user may act no more.
    """
    user = verdict.granted()
    found = await session.execute(text(_STANDS), {"user": user.id, "stored": verdict.stored})
    if found.scalar() is None:
        raise Unauthenticated(verdict.wrong)
    return user


async def confirm_code(user_id: UUID, code: str | None, *, source: str | None) -> None:
    """Ask somebody signed in, who signs in with codes, for one or a recovery code before their sign-in is changed; it
    is used up. Whoever has no codes is asked for none. Wrong ones are counted with those of signing in, in a
    transaction of its own: the refusal commits. A corridor.

    Raises:
        Invalid: it is wrong, or left out.
        TooMany: too many codes of theirs were wrong.
    """
    async with transaction() as session:
        if not await has_codes(session, user_id):
            return
        if not code:
            raise Invalid(CODE_NEEDED, field="code")
        in_a_row = await count_code(session, user_id)
        proved = await take_code(session, user_id, code)
        if proved:
            await forgive_codes(session, user_id)
        else:
            await audit_access(session, STRANGER, "code.refused", user_id, ip=source, in_a_row=in_a_row)
    if not proved:
        raise Invalid(WRONG_CODE, field="code")
