"""Keep what recipients say themselves: by text, on a page, at a provider. Corridors, for `sending`: it is their own
word, and whoever calls has made sure that it is theirs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.core.bulk import texts, unnest
from liquor_app.core.clock import now
from liquor_app.customers.addresses import address_hash
from liquor_app.customers.models import ConsentStatus, SuppressionReason
from liquor_app.organization.models import Channel

_REFUSED = f"""
SELECT DISTINCT phone FROM customers
 WHERE phone = ANY(:phones) AND deleted_at IS NULL AND sms_consent = '{ConsentStatus.WITHDRAWN}'
"""


async def refused_numbers(session: AsyncSession, phones: Iterable[str]) -> frozenset[str]:
    """Return those of these numbers by which somebody said no to texts. Consent is revoked by number (47 CFR
    64.1200(a)(10)): whoever else is known by one gets none there either."""
    found = await session.execute(text(_REFUSED), {"phones": texts(set(phones))})
    return frozenset(found.scalars())


@dataclass(frozen=True, slots=True)
class SaidByText:
    """A STOP or START from a normalised phone number; `evidence` is JSON."""

    phone: str
    evidence: str


_TEXTED = unnest("f", phone="text", evidence="jsonb")
_RETURNING = unnest("f", phone="text", evidence="jsonb", hash="bytea")
_LEAVING = unnest("f", customer="uuid", evidence="jsonb")
_ADDRESSES = unnest("f", channel="text", hash="bytea")

_STOP = f"""
WITH f AS (
    SELECT * FROM {_TEXTED}
),
had AS (
    SELECT c.id, f.evidence, CASE WHEN c.sms_consent = 'withdrawn' AND latest.is_stop THEN latest.had
                                  ELSE c.sms_consent END AS had
      FROM customers c JOIN f ON f.phone = c.phone
      LEFT JOIN LATERAL (
        SELECT status = 'withdrawn' AND source = :source AS is_stop, evidence ->> 'had' AS had FROM consents
        WHERE customer_id = c.id AND channel = 'sms' ORDER BY at DESC, id DESC LIMIT 1
      ) latest ON true
     WHERE c.deleted_at IS NULL FOR UPDATE OF c
), done AS (
    UPDATE customers c SET sms_consent = 'withdrawn', updated_at = now() FROM had WHERE c.id = had.id
)
INSERT INTO consents (customer_id, channel, status, source, evidence)
SELECT id, 'sms', 'withdrawn', :source, evidence || jsonb_build_object('had', had) FROM had
"""

# The latest word must be a STOP by text, and that STOP must have taken a consent: what staff, a page or a complaint
# withdrew is not given back, who never agreed has not agreed now, and who is still on the list for another reason stays
# as they are.
_START = f"""
WITH f AS (
    SELECT * FROM {_RETURNING}
),
back AS (
    SELECT c.id, f.evidence FROM customers c JOIN f ON f.phone = c.phone
    JOIN LATERAL (
        SELECT status, source, evidence ->> 'had' AS had FROM consents
        WHERE customer_id = c.id AND channel = 'sms' ORDER BY at DESC, id DESC LIMIT 1
    ) latest ON latest.status = 'withdrawn' AND latest.source = :source
    LEFT JOIN LATERAL (
        SELECT status FROM consents
        WHERE customer_id = c.id AND channel = 'sms' AND NOT (status = 'withdrawn' AND source = :source)
        ORDER BY at DESC, id DESC LIMIT 1
    ) earlier ON true
    WHERE c.deleted_at IS NULL AND COALESCE(latest.had, earlier.status) = 'given'
    AND NOT EXISTS (
        SELECT FROM suppressions p WHERE p.lifted_at IS NULL AND (p.channel IS NULL OR p.channel = 'sms')
        AND p.address_hash = f.hash
    ) FOR UPDATE OF c
), done AS (
    UPDATE customers c SET sms_consent = 'given', updated_at = now() FROM back WHERE c.id = back.id
)
INSERT INTO consents (customer_id, channel, status, source, evidence)
SELECT id, 'sms', 'given', :source, evidence FROM back
"""

_WITHDRAW = f"""
WITH f AS (
    SELECT DISTINCT ON (customer) * FROM {_LEAVING}
),
gone AS (
    UPDATE customers c SET updated_at = now(),
        email_consent = CASE :channel WHEN 'email' THEN 'withdrawn' ELSE c.email_consent END,
        sms_consent = CASE :channel WHEN 'sms' THEN 'withdrawn' ELSE c.sms_consent END
    FROM f WHERE c.id = f.customer
     AND CASE :channel WHEN 'email' THEN c.email_consent ELSE c.sms_consent END IS DISTINCT FROM 'withdrawn'
)
INSERT INTO consents (customer_id, channel, status, source, evidence)
SELECT c.id, :channel, 'withdrawn', :source, f.evidence FROM f JOIN customers c ON c.id = f.customer
"""

_LIFT = f"""
UPDATE suppressions s SET lifted_at = now()
  FROM {_ADDRESSES}
 WHERE s.lifted_at IS NULL AND s.reason = :own AND s.address_hash = f.hash AND s.channel = f.channel
   AND (CAST(:source AS text) IS NULL OR s.source = :source)
"""

_LAST = """
SELECT 1 FROM (SELECT status, evidence FROM consents WHERE customer_id = :id AND channel = :channel
                ORDER BY at DESC, id DESC LIMIT 1) e
 WHERE e.status = 'withdrawn' AND e.evidence ->> 'send_id' = :send
"""
_LIMIT = """
UPDATE customers SET max_contacts_30_days = :most, topics_off = :off, updated_at = now(), paused_until =
       CASE WHEN CAST(:until AS timestamptz) IS NULL THEN NULL
            WHEN paused_until > :now THEN paused_until ELSE CAST(:until AS timestamptz) END
 WHERE id = :id
"""


async def withdraw_by_text(session: AsyncSession, told: Sequence[SaidByText], source: str) -> None:
    """Withdraw the consent to texts of everybody who has these numbers, with what each had before the first STOP."""
    await session.execute(text(_STOP), {**_TEXTED.rows(told), "source": source})


async def return_by_text(session: AsyncSession, told: Sequence[SaidByText], source: str) -> None:
    """Give back the consent that a STOP of the same `source` took, and nothing else; never to whom the suppression list
    still holds, so take off it first what may be (`lift_unsubscribings`)."""
    rows = _RETURNING.bind(
        phone=[one.phone for one in told],
        evidence=[one.evidence for one in told],
        hash=[address_hash(one.phone) for one in told],
    )
    await session.execute(text(_START), {**rows, "source": source})


async def withdraw_consents(
    session: AsyncSession, channel: Channel, customer_ids: Sequence[UUID], evidence: Sequence[str], source: str
) -> None:
    """Withdraw many customers' consent to a channel, and keep that each said so now. `evidence` is JSON."""
    await session.execute(
        text(_WITHDRAW),
        {**_LEAVING.bind(customer=customer_ids, evidence=evidence), "channel": channel.value, "source": source},
    )


async def lift_unsubscribings(
    session: AsyncSession, addresses: Sequence[tuple[Channel, str]], *, source: str | None = None
) -> None:
    """Take off the suppression list what the owners of normalised addresses put there themselves, never anything else.

    Only `sending.recipients.suppression_status` calls this: it knows from the messages what else speaks against it.

    Args:
        source: lift only what was said this way.
    """
    await session.execute(
        text(_LIFT),
        {
            **_ADDRESSES.bind(
                channel=[channel.value for channel, _ in addresses],
                hash=[address_hash(address) for _, address in addresses],
            ),
            "own": SuppressionReason.UNSUBSCRIBED.value,
            "source": source,
        },
    )


async def is_last_no(session: AsyncSession, customer_id: UUID, channel: Channel, send_id: UUID) -> bool:
    """Tell whether somebody's last word about a channel is the no they said by the links of one message."""
    found = await session.execute(text(_LAST), {"id": customer_id, "channel": channel.value, "send": str(send_id)})
    return found.first() is not None


async def limit_contacts(
    session: AsyncSession, customer_id: UUID, *, most: int | None, topics_off: Sequence[str], pause: timedelta | None
) -> None:
    """Keep how often somebody wants to hear, of what not, and whether not at all for a while; a pause under way is not
    made longer."""
    moment = now()
    bound = {"most": most, "off": sorted(topics_off), "now": moment, "until": moment + pause if pause else None}
    await session.execute(text(_LIMIT), {**bound, "id": customer_id})
