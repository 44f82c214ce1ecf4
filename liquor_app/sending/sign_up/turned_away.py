"""Whom a sign-up page turned away as too young: their addresses are not asked for a while, whatever date is typed next,
and whatever was typed before and still waits gives no consent. Only a keyed hash of each is kept. The age of a customer
who has the address is in doubt, and nothing is sent to them until the shop has settled it. Corridors.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.bulk import unnest
from liquor_app.core.clock import now
from liquor_app.customers.addresses import address_hash, mailbox_of
from liquor_app.customers.ages.age_verification import IN_DOUBT, doubt_age
from liquor_app.organization.models import Channel
from liquor_app.organization.service import notify
from liquor_app.sending.recipients.suppression_status import owners_of
from liquor_app.sending.sign_up.models import SIGN_UP, SignUpStatus
from liquor_app.sending.sign_up.waiting_entry import open_entry

TURNED_AWAY = timedelta(days=30)
"""Whose form said that they are too young is not asked within this time, whatever date is typed next."""

MOST_DOUBTED = 50
"""Customers of a day whom the form alone holds: anybody may type anybody's address. Of more, staff are told."""
BY_FORM = "sign-up page"
DOUBTS_BY_THE_DOZEN = "Ages are doubted by the dozen"

_TURNED = unnest("f", hash="bytea")
_REFUSE = f"""
INSERT INTO sign_up_refusals (address_hash, refused_at) SELECT f.hash, :now FROM {_TURNED}
ON CONFLICT (address_hash) DO UPDATE SET refused_at = excluded.refused_at
"""
# whole forms: the number beside a mailbox is the same person's
_CANCEL = f"""
UPDATE sign_ups SET status = '{SignUpStatus.CANCELLED}', entry_encrypted = NULL
 WHERE form_id IN (SELECT form_id FROM sign_ups WHERE address_hash = ANY(:hashes))
   AND status IN {SIGN_UP.sources_sql(SignUpStatus.CANCELLED)}
"""
_REFUSED = "SELECT EXISTS (SELECT FROM sign_up_refusals WHERE address_hash = ANY(:hashes) AND refused_at > :since)"
_DOUBTED = "SELECT count(*) FROM notifications WHERE title = :title AND created_at > :since"
_FORM = "SELECT address_hash, channel, entry_encrypted FROM sign_ups WHERE form_id = :form"
_FORGET = "DELETE FROM sign_up_refusals WHERE refused_at <= :since"


async def one_yes_at_a_time(session: AsyncSession) -> None:
    """Let nobody else confirm before this is committed: two links of one address, or both channels of one form, said
    yes to at once make one customer, and no yes slips past a refusal. Taken before any row, so that none waits for the
    other."""
    await session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('sign-up yes', 0))"))


async def turn_away(session: AsyncSession, addresses: Mapping[Channel, str]) -> None:
    """Note that these addresses were typed with a date below the age. Under `one_yes_at_a_time`."""
    mailboxes = _mailboxes(addresses)
    typed = {address_hash(address) for address in addresses.values()}
    await session.execute(text(_REFUSE), {**_TURNED.bind(hash=sorted(mailboxes)), "now": now()})
    await session.execute(text(_CANCEL), {"hashes": sorted(mailboxes | typed)})


async def doubt_customers(session: AsyncSession, addresses: Mapping[Channel, str]) -> None:
    """Hold whoever has one of these addresses, which were typed with a date below the age; of a number that several
    people share, nobody. Under `one_yes_at_a_time`."""
    people: set[UUID] = set()
    for channel, address in addresses.items():
        owners = {one.customer_id for one in await owners_of(session, channel, address)} - {None}
        people |= {one for one in owners if one is not None and len(owners) == 1}
    since = now() - timedelta(days=1)
    for customer_id in sorted(people):
        held = await session.execute(text(_DOUBTED), {"title": IN_DOUBT, "since": since})
        if held.scalar_one() < MOST_DOUBTED:
            await doubt_age(session, SYSTEM, customer_id, {"by": BY_FORM})
        else:
            await _tell_of_dozens(session, since)


async def _tell_of_dozens(session: AsyncSession, since: datetime) -> None:
    told = await session.execute(text(_DOUBTED), {"title": DOUBTS_BY_THE_DOZEN, "since": since})
    if not told.scalar_one():
        await notify(
            session,
            title=DOUBTS_BY_THE_DOZEN,
            body=f"More than {MOST_DOUBTED} customers' addresses were typed on the sign-up page within a day with a"
            " date of birth below the age: somebody may be typing other people's. Further customers are not held for"
            " it. Shut the page if it goes on.",
            link="/settings/sign-up",
            level="warning",
        )


async def was_turned_away(session: AsyncSession, addresses: Mapping[Channel, str]) -> bool:
    return await _is_refused(session, _mailboxes(addresses))


async def is_form_turned_away(session: AsyncSession, form_id: UUID) -> bool:
    """Tell whether any address of a form that waits was turned away since, in whatever spelling."""
    hashes: set[bytes] = set()
    for row in await session.execute(text(_FORM), {"form": form_id}):
        hashes.add(bytes(row.address_hash))
        if row.entry_encrypted is not None:
            hashes |= _mailboxes({Channel(row.channel): open_entry(row.entry_encrypted).address})
    return await _is_refused(session, hashes)


async def forget_refusals(session: AsyncSession) -> None:
    """Forget whom the page turned away, in time; for the clock."""
    await session.execute(text(_FORGET), {"since": now() - TURNED_AWAY})


async def _is_refused(session: AsyncSession, hashes: set[bytes]) -> bool:
    found = await session.execute(text(_REFUSED), {"hashes": sorted(hashes), "since": now() - TURNED_AWAY})
    return bool(found.scalar_one())


def _mailboxes(addresses: Mapping[Channel, str]) -> set[bytes]:
    """Return what stands for the addresses: a mailbox whatever its tags and dots."""
    return {
        address_hash(mailbox_of(address) if channel is Channel.EMAIL else address)
        for channel, address in addresses.items()
    }
