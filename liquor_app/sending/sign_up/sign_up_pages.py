"""A brand's sign-up page: open or shut it, write what it says, read what came of it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit_change
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.compliance.may_offer import OfferFacts, may_offer
from liquor_app.compliance.offer_words import given_away
from liquor_app.compliance.service import load_rules
from liquor_app.core.bulk import unnest
from liquor_app.core.config import get_settings
from liquor_app.core.errors import Conflict, Invalid, Meanwhile, NotFound
from liquor_app.customers.ages.birth_dates import LEGAL_AGE
from liquor_app.organization.form_mistakes import Mistakes
from liquor_app.organization.models import Channel
from liquor_app.organization.service import BrandRow, get_brand
from liquor_app.organization.settings import ComplianceSettings, load_settings, shop_today
from liquor_app.organization.shop_identity import require_identity
from liquor_app.sending.sign_up.consent_wording import (
    EDITABLE,
    Wording,
    WordingFields,
    box_words,
    changed,
    clean_origins,
)

JOIN_PATH = "/join"
DAYS = 30
VERSIONS = 20
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,58}[a-z0-9])?")
_NOT_LETTERS = re.compile(r"[^a-z0-9]+")

_LATEST = "SELECT version, told FROM sign_up_wordings WHERE brand_id = :brand ORDER BY version DESC LIMIT 1"
_VERSION = "SELECT version, told FROM sign_up_wordings WHERE brand_id = :brand AND version = :version"
_VERSIONS = """
SELECT version, told, written_by, created_at FROM sign_up_wordings WHERE brand_id = :brand
ORDER BY version DESC LIMIT :n
"""
_WRITE = """
INSERT INTO sign_up_wordings (brand_id, version, told, written_by)
VALUES (:brand, :version, CAST(:told AS jsonb), :by)
"""
_PAGE = "SELECT slug, is_open, origins FROM sign_up_pages WHERE brand_id = :brand"
_SLUGS = unnest("s", slug="text", numbered_as="place")
_MAKE = f"""
INSERT INTO sign_up_pages (brand_id, slug) SELECT :brand, s.slug FROM {_SLUGS}
 WHERE NOT EXISTS (SELECT FROM sign_up_pages p WHERE p.slug = s.slug) ORDER BY s.place LIMIT 1
ON CONFLICT DO NOTHING
"""
_SAVE = "UPDATE sign_up_pages SET is_open = :is_open, origins = :origins WHERE brand_id = :brand"
_COUNTS = """
SELECT day, jsonb_object_agg(what, count) AS counts FROM sign_up_days WHERE brand_id = :brand AND day > :since
GROUP BY day ORDER BY day DESC
"""


@dataclass(frozen=True)
class VersionFields(WordingFields):
    """A version, and who wrote it when."""

    written_by: str = ""
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class WordingRow(VersionFields):
    """The row."""


@dataclass(frozen=True)
class DayFields:
    """One of the shop's days: messages that asked, and yeses, by channel; and who was too young."""

    day: date
    email_asked: int = 0
    email_confirmed: int = 0
    sms_asked: int = 0
    sms_confirmed: int = 0
    too_young: int = 0


@dataclass(frozen=True, slots=True)
class DayRow(DayFields):
    """The row."""


@dataclass(frozen=True)
class PageFields:
    """A brand's sign-up page. `address` is empty until it was opened once; `boxes` is what stands beside the box of
    each channel; `no_texts` says why nobody is asked for a phone number, empty if they are."""

    brand_id: UUID
    brand: str
    address: str
    is_open: bool
    origins: list[str]
    no_texts: str
    boxes: dict[str, str]


@dataclass(frozen=True, slots=True)
class PageRow(PageFields):
    """As it stands, with its words, the versions before, and the last 30 days."""

    wording: Wording = field(default_factory=Wording)
    versions: list[WordingRow] = field(default_factory=list)
    days: list[DayRow] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class OpenPage:
    """What a visitor is shown."""

    brand: BrandRow
    slug: str
    origins: tuple[str, ...]
    wording: Wording
    channels: tuple[Channel, ...]
    minimum_age: int

    @property
    def address(self) -> str:
        return address_of(self.slug)

    def words(self, channel: Channel) -> str:
        """Return what stands beside a channel's box."""
        return box_words(channel, self.brand.name, self.wording)


def address_of(slug: str) -> str:
    return f"{get_settings().base_url}{JOIN_PATH}/{slug}"


async def read_sign_up_page(session: AsyncSession, actor: Actor, brand_id: UUID | None) -> PageRow:
    """Return a brand's page (the default brand's for None), its wordings and the last 30 days.

    Raises:
        NotFound: there is no such brand.
    """
    require(actor, Permission.BRANDS_READ)
    brand = await get_brand(session, brand_id)
    row = (await session.execute(text(_PAGE), {"brand": brand.id})).first()
    wording = await wording_of(session, brand.id)
    versions = await session.execute(text(_VERSIONS), {"brand": brand.id, "n": VERSIONS})
    since = await shop_today(session) - timedelta(days=DAYS)
    days = await session.execute(text(_COUNTS), {"brand": brand.id, "since": since})
    return PageRow(
        brand_id=brand.id,
        brand=brand.name,
        address=address_of(row.slug) if row else "",
        is_open=bool(row and row.is_open),
        origins=list(row.origins) if row else [],
        wording=wording,
        no_texts=why_no_texts(brand, wording),
        boxes={channel.value: box_words(channel, brand.name, wording) for channel in Channel},
        versions=[
            WordingRow(**row.told, version=row.version, written_by=row.written_by, created_at=row.created_at)
            for row in versions
        ],
        days=[DayRow(row.day, **row.counts) for row in days],
    )


async def save_sign_up_page(
    session: AsyncSession, actor: Actor, brand_id: UUID | None, changes: Mapping[str, Any]
) -> PageRow:
    """Open or shut a page, name the web sites that may frame it, write its words anew: a new version, which binds who
    signs up from now on.

    Raises:
        Forbidden: the actor may only read.
        NotFound: there is no such brand.
        Invalid: a field that cannot be as it is, or promises what the licence may not offer.
        Conflict: a page cannot be opened before the brand says who it is, nor promise an offer before it says which
            state gave its licence.
    """
    require(actor, Permission.SETTINGS_WRITE)
    if unknown := set(changes) - {*EDITABLE, "is_open", "origins"}:
        raise Invalid(f"{min(unknown)} is not a field of a sign-up page", field=min(unknown))
    before = await read_sign_up_page(session, actor, brand_id)
    brand = await get_brand(session, brand_id)
    is_open = changes.get("is_open", before.is_open)
    if not isinstance(is_open, bool):
        raise Invalid("is_open must be true or false", field="is_open")
    if is_open and not before.is_open:
        require_identity(brand)
    origins, wording, mistakes = before.origins, before.wording, Mistakes()
    if "origins" in changes:
        with mistakes.noted():
            origins = clean_origins(changes["origins"])
    with mistakes.noted():
        wording = changed(before.wording, {name: changes[name] for name in EDITABLE if name in changes})
    mistakes.refuse()
    await session.execute(text(_MAKE), {"brand": brand.id, **_SLUGS.bind(slug=_slugs(brand.name))})
    await session.execute(text("SELECT FROM sign_up_pages WHERE brand_id = :brand FOR UPDATE"), {"brand": brand.id})
    await session.execute(text(_SAVE), {"is_open": is_open, "origins": origins, "brand": brand.id})
    if wording != before.wording or not before.versions:
        await _refuse_unlawful(session, brand, wording)
        if (await wording_of(session, brand.id)).version != before.wording.version:
            raise Meanwhile("Somebody else wrote these words anew meanwhile. Reload, then make your change again.")
        await session.execute(
            text(_WRITE),
            {
                "brand": brand.id, "version": before.wording.version + 1, "told": json.dumps(_told(wording)),
                "by": actor.name[:120],
            },
        )  # fmt: skip
    old = {"is_open": before.is_open, "origins": before.origins, **_told(before.wording)}
    new = {"is_open": is_open, "origins": origins, **_told(wording)}
    await audit_change(session, actor, "sign_up_page.changed", "brand", brand.id, before=old, after=new, plain=new)
    return await read_sign_up_page(session, actor, brand.id)


async def _refuse_unlawful(session: AsyncSession, brand: BrandRow, wording: Wording) -> None:
    """Hold what the page promises to who signs up against the law of the licence, as any offer is.

    Raises:
        Invalid: which rule forbids it.
        Conflict: it promises money off, and nobody has said which state gave the licence.
    """
    for name in ("headline", "intro", "programme"):
        offer = OfferFacts(words=getattr(wording, name), is_whole=True)
        if brand.licence_state is None:
            if offer.is_money_off or given_away(offer.words, in_passing=True):
                raise Conflict(
                    "The page promises an offer. Tell us the state of your licence first, under Settings, Brand.",
                    field="licence_state",
                )
            continue
        rules = await load_rules(session)
        if refused := may_offer(offer, brand.licence_state, await shop_today(session), rules):
            raise Invalid(refused.detail, field=name)


async def open_page(session: AsyncSession, slug: str, *, version: int | None = None) -> OpenPage:
    """Return what a visitor of a page is shown, by an earlier version of its wording if one is named. A corridor: it is
    public.

    Raises:
        NotFound: there is no such page, or it is shut.
    """
    row = None
    if _SLUG.fullmatch(slug):
        found = await session.execute(
            text("SELECT brand_id, slug, origins FROM sign_up_pages WHERE slug = :slug AND is_open"), {"slug": slug}
        )
        row = found.first()
    if row is None:
        raise NotFound("This sign-up page is not open.")
    brand = await get_brand(session, row.brand_id)
    wording = await wording_of(session, brand.id)
    if version is not None and version != wording.version:
        earlier = (await session.execute(text(_VERSION), {"brand": brand.id, "version": version})).first()
        wording = Wording(version=version, **earlier.told) if earlier else wording
    minimum = max((await load_settings(session, ComplianceSettings)).minimum_age, LEGAL_AGE)
    channels = tuple(one for one in Channel if one is Channel.EMAIL or not why_no_texts(brand, wording))
    return OpenPage(brand, row.slug, tuple(row.origins), wording, channels, minimum)


def why_no_texts(brand: BrandRow, wording: Wording) -> str:
    """Tell why nobody is asked for a phone number; empty if they are."""
    if not brand.sms_sender:
        return "The brand has no SMS sender yet: see Settings, Brand."
    return f"Carriers want {wording.lacks} beside the box for texts." if wording.lacks else ""


async def wording_of(session: AsyncSession, brand_id: UUID) -> Wording:
    """Return the latest wording of a brand, ours where it wrote none. A corridor."""
    found = (await session.execute(text(_LATEST), {"brand": brand_id})).first()
    return Wording(version=found.version, **found.told) if found else Wording()


def _told(wording: Wording) -> dict[str, Any]:
    return {name: getattr(wording, name) for name in EDITABLE}


def _slugs(name: str) -> list[str]:
    """Return addresses a brand may get, the first that is free wins."""
    first = _NOT_LETTERS.sub("-", name.lower()).strip("-")[:50].strip("-") or "shop"
    return [first, *(f"{first}-{number}" for number in range(2, 100))]
