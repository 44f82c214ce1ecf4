"""Which domains we send as, what the last check of each found, and what the shop told us of them."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit_change
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.core.clock import now
from liquor_app.core.errors import AppError, Invalid, NotFound
from liquor_app.core.queue import Job, enqueue
from liquor_app.core.security.crypto import decrypt
from liquor_app.organization.channel import Channel
from liquor_app.organization.service import notify
from liquor_app.providers.registry import SANDBOX
from liquor_app.providers.sender_check.check_domain import Sender, sender_of
from liquor_app.providers.sender_check.dns_lookups import is_name
from liquor_app.providers.sender_check.findings import Finding, Topic, Verdict, worst

MOST_SENDERS = 60
MOST_SELECTORS = 10
_SELECTOR = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?")

_CARRIERS = f"""
SELECT provider, config_encrypted FROM channels
 WHERE channel = '{Channel.EMAIL}' AND is_enabled AND provider <> '{SANDBOX}' ORDER BY position, provider
"""
_FIRST = f"""
SELECT provider FROM channels WHERE channel = '{Channel.EMAIL}' AND is_enabled ORDER BY position, provider LIMIT 1
"""
_DOMAINS = """
SELECT lower(split_part(from_email, '@', 2)) AS domain, string_agg(name, ', ' ORDER BY name) AS brands
  FROM brands WHERE position('@' IN from_email) > 0 GROUP BY 1 ORDER BY 1 LIMIT :most
"""
_KNOWN = "SELECT domain, provider, selectors, envelope, verdict, findings, checked_at FROM sender_checks"
_TOLD = """
INSERT INTO sender_checks (domain, provider, selectors, envelope) VALUES (:domain, :provider, :selectors, :envelope)
ON CONFLICT (domain, provider) DO UPDATE SET selectors = excluded.selectors, envelope = excluded.envelope
"""
_RECORD = """
INSERT INTO sender_checks (domain, provider, verdict, findings, checked_at)
VALUES (:domain, :provider, :verdict, CAST(:findings AS jsonb), :at)
ON CONFLICT (domain, provider) DO UPDATE SET verdict = excluded.verdict, findings = excluded.findings,
       checked_at = excluded.checked_at
"""


@dataclass(frozen=True, slots=True)
class LastCheck:
    """What the last check found, worst first; `checked_at` None until one has looked."""

    verdict: Verdict = Verdict.UNKNOWN
    findings: list[Finding] = field(default_factory=list)
    checked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SenderRow:
    """A domain in From and the provider that carries it."""

    domain: str
    provider: str
    brands: str
    selectors: list[str]
    envelope: str
    """Where bounces go, as told; empty where the provider's usual one is meant."""
    last: LastCheck


async def list_senders(session: AsyncSession, actor: Actor) -> list[SenderRow]:
    """Return every domain we send as with what the last check of it found, by provider in the order they are tried."""
    require(actor, Permission.CHANNELS_READ)
    known = {(row.domain, row.provider): row for row in await session.execute(text(_KNOWN))}
    rows = []
    for domain, brands, provider, _ in await _pairs(session):
        row = known.get((domain, provider))
        if row is None:
            rows.append(SenderRow(domain, provider, brands, [], "", LastCheck()))
            continue
        last = LastCheck(Verdict(row.verdict), [_finding(one) for one in row.findings], row.checked_at)
        rows.append(SenderRow(domain, provider, brands, list(row.selectors), row.envelope, last))
    return rows


async def senders_now(session: AsyncSession, actor: Actor) -> list[Sender]:
    """Return what a check has to look at.

    Raises:
        Forbidden: the actor is not an admin.
    """
    require(actor, Permission.CHANNELS_ADMIN)
    rows = {(row.domain, row.provider): row for row in await list_senders(session, actor)}
    return [
        sender_of(domain, provider, own, rows[domain, provider].selectors, rows[domain, provider].envelope)
        for domain, _, provider, own in await _pairs(session)
    ]


async def record_check(session: AsyncSession, actor: Actor, sender: Sender, findings: Sequence[Finding]) -> Verdict:
    """Keep what a check found; the bell says when a domain that was not wrong has become so.

    Raises:
        Forbidden: the actor is not an admin.
    """
    require(actor, Permission.CHANNELS_ADMIN)
    verdict = worst(list(findings))
    before = await session.execute(
        text("SELECT verdict FROM sender_checks WHERE domain = :domain AND provider = :provider FOR UPDATE"),
        {"domain": sender.domain, "provider": sender.provider},
    )
    was = before.scalar()
    await session.execute(
        text(_RECORD),
        {
            "domain": sender.domain,
            "provider": sender.provider,
            "verdict": verdict.value,
            "findings": json.dumps([asdict(one) for one in findings]),
            "at": now(),
        },
    )
    if verdict is Verdict.WRONG and was != verdict and sender.provider:
        first = next(one for one in findings if one.verdict is Verdict.WRONG)
        await notify(
            session,
            title=f"E-mail from {sender.domain} will be refused",
            body=first.words,
            link="/settings/channels",
            level="warning",
        )
    return verdict


async def request_check(session: AsyncSession, actor: Actor) -> UUID:
    """Have every sending domain checked now; returns the job, which may be under way already.

    Raises:
        Forbidden: the actor is not an admin.
    """
    require(actor, Permission.CHANNELS_ADMIN)
    return await enqueue(session, Job.CHECK_SENDERS, created_by=actor.user_id, dedupe_key="all")


async def request_daily_check(session: AsyncSession) -> None:
    """By the clock: nobody is asked while all mail stays in the house."""
    if (await session.execute(text(_CARRIERS))).first() is not None:
        await enqueue(session, Job.CHECK_SENDERS, dedupe_key="all")


async def tell_keys(
    session: AsyncSession, actor: Actor, domain: str, provider: str, *, selectors: str, envelope: str
) -> None:
    """Say under which selectors a provider signs a domain, and where its bounces go; checked anew by a job.

    Args:
        selectors: up to ten, with commas or spaces between; empty for the provider's usual ones.
        envelope: the return path's domain; empty for the provider's usual one.

    Raises:
        Forbidden: the actor is not an admin.
        NotFound: no brand sends as this domain by this provider.
        Invalid: what is no selector or no domain.
    """
    require(actor, Permission.CHANNELS_ADMIN)
    row = next((one for one in await list_senders(session, actor)
                if (one.domain, one.provider) == (domain, provider)), None)  # fmt: skip
    if row is None:
        raise NotFound("No brand sends as this domain.")
    names = [one.lower() for one in re.split(r"[,\s]+", selectors.strip()[:1_000]) if one]
    if len(names) > MOST_SELECTORS or not all(_SELECTOR.fullmatch(one) for one in names):
        raise Invalid(f"Give up to {MOST_SELECTORS} selectors, such as s1 or 20240101pm.", field="selectors")
    back = envelope.strip().lower().rstrip(".")
    if back and not (is_name(back) and "." in back):
        raise Invalid("The return path is a domain, such as bounces.example.com.", field="envelope")
    values = {"selectors": list(dict.fromkeys(names)), "envelope": back}
    await session.execute(text(_TOLD), {"domain": domain, "provider": provider, **values})
    before = {"selectors": row.selectors, "envelope": row.envelope}
    await audit_change(
        session, actor, "sender.told", "channel", None, before=before, after=values, domain=domain, provider=provider
    )
    await request_check(session, actor)


async def failing_sender(session: AsyncSession, from_email: str) -> str:
    """Tell why mail of this address by the provider that is tried first will be refused; empty where nothing is known
    to be wrong, and where it goes to the sandbox. A corridor."""
    first = (await session.execute(text(_FIRST))).scalar()
    found = await session.execute(
        text(
            f"SELECT findings FROM sender_checks WHERE domain = :domain AND provider = :provider"
            f" AND verdict = '{Verdict.WRONG}'"
        ),
        {"domain": from_email.rpartition("@")[2].lower(), "provider": first or ""},
    )
    findings = [_finding(one) for one in found.scalar() or []]
    return next((one.words for one in findings if one.verdict is Verdict.WRONG), "") if first != SANDBOX else ""


async def _pairs(session: AsyncSession) -> list[tuple[str, str, str, str]]:
    """Domain, brands, provider, and the domain of the provider's account; no provider where all mail stays here."""
    carriers = [(row.provider, _own_domain(row.config_encrypted)) for row in await session.execute(text(_CARRIERS))]
    domains = (await session.execute(text(_DOMAINS), {"most": MOST_SENDERS})).all()
    return [(row.domain, row.brands, provider, own) for row in domains for provider, own in (carriers or [("", "")])][
        :MOST_SENDERS
    ]


def _own_domain(config: object) -> str:
    """Return the domain of a provider's account, where its settings name one and can be opened."""
    if not isinstance(config, bytes | memoryview):
        return ""
    try:
        return str(json.loads(decrypt(bytes(config))).get("domain") or "").lower()
    except (AppError, ValueError):
        return ""


def _finding(kept: dict[str, str]) -> Finding:
    return Finding(**{**kept, "topic": Topic(kept["topic"]), "verdict": Verdict(kept["verdict"])})  # type: ignore[arg-type]
