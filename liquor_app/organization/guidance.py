"""The agent's guidance: one document that binds every engine and every person, kept in versions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit_change
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.core.clock import now
from liquor_app.core.errors import Invalid, Meanwhile, NotFound
from liquor_app.organization import forbidden_claims
from liquor_app.organization.forbidden_claims import MAX_PHRASE, MAX_PHRASES, Claim, find_claims
from liquor_app.organization.form_mistakes import mistakes_of
from liquor_app.organization.settings import SettingsModel, load_settings


class Autonomy(StrEnum):
    """How far the planner may go by itself."""

    SUGGEST = "suggest"
    """A plan is only a suggestion: a person puts it up for approval."""
    APPROVAL = "approval"
    """A plan waits for a person's approval."""
    AUTOPILOT = "autopilot"
    """A plan within the limits is approved and scheduled by the system; any other waits for a person."""

    @property
    def label(self) -> str:
        return {"suggest": "Suggest", "approval": "Needs approval", "autopilot": "Autopilot within limits"}[self.value]


def _phrases(values: tuple[str, ...]) -> tuple[str, ...]:
    cleaned = tuple(dict.fromkeys(" ".join(value.split()) for value in values if value.strip(" *")))
    if len(cleaned) > MAX_PHRASES:
        raise ValueError(f"at most {MAX_PHRASES} phrases")
    for phrase in cleaned:
        if len(phrase) > MAX_PHRASE or not any(letter.isalnum() for letter in phrase):
            raise ValueError(f"“{phrase[:30]}” is not a word or phrase of at most {MAX_PHRASE} characters")
    return cleaned


Phrases = Annotated[tuple[str, ...], AfterValidator(_phrases)]


class Guidance(BaseModel):
    """What binds every engine. Percentages are 0–100, money in the shop's currency; None means no such limit."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tone: str = Field("Warm, plain, a shopkeeper who knows you. No pressure, no exclamation marks.", max_length=1000)
    banned_health: Phrases = forbidden_claims.HEALTH
    banned_excess: Phrases = forbidden_claims.EXCESS
    banned_youth: Phrases = forbidden_claims.YOUTH
    banned_other: Phrases = ()

    allowed_offers: Phrases = ()
    """Names of playbook offers; none means all of them."""
    max_discount_pct: Decimal = Field(Decimal("25"), ge=0, le=100, decimal_places=2)

    admin_above_discount: Decimal | None = Field(Decimal("1000"), ge=0, le=Decimal("99999999"), decimal_places=2)
    """A plan that gives more than this away needs an admin's approval."""
    admin_above_recipients: int | None = Field(25_000, ge=0, le=100_000_000)

    one_time: Autonomy = Autonomy.APPROVAL
    weekly_plan: Autonomy = Autonomy.APPROVAL
    triggered: Autonomy = Autonomy.APPROVAL
    autopilot_max_recipients: int = Field(500, ge=0, le=100_000_000)
    autopilot_max_discount: Decimal = Field(Decimal("100"), ge=0, le=Decimal("99999999"), decimal_places=2)
    autopilot_min_profit: Decimal = Field(
        Decimal("0"), ge=Decimal("-99999999"), le=Decimal("99999999"), decimal_places=2
    )
    """The low end of the expected incremental profit must reach this. Below 0: what the shop is ready to lose while the
    agent learns."""

    @property
    def banned(self) -> dict[str, tuple[str, ...]]:
        """Phrases by kind, for `claims.find_claims`."""
        return {
            "health": self.banned_health,
            "excess": self.banned_excess,
            "youth": self.banned_youth,
            "other": self.banned_other,
        }

    def claims_in(self, text: str) -> list[Claim]:
        """Banned phrases in a text."""
        return find_claims(text, self.banned)

    def allows_offer(self, name: str) -> bool:
        """Tell whether an offer of this name may be made; names are compared without case."""
        return not self.allowed_offers or name.casefold() in {offer.casefold() for offer in self.allowed_offers}

    def check_words(self, text: str, field: str) -> None:
        """Raises:
        Invalid: the text holds a banned phrase; all are named.
        """
        if found := self.claims_in(text):
            told = "; ".join(claim.words for claim in found)
            raise Invalid(f"{field}: {told}. The guidance forbids it; say it otherwise.", field=field)

    def autonomy(self, campaign_type: str) -> Autonomy:
        return Autonomy(getattr(self, campaign_type))


@dataclass(frozen=True, slots=True)
class GuidanceRow:
    """A version of the guidance; 0 is what ships."""

    version: int
    guidance: Guidance
    created_by: str
    created_at: datetime | None


class AutopilotSettings(SettingsModel):
    """The kill switch. `stopped` ends all autopilot at once, whatever the guidance says."""

    key = "autopilot"
    stopped: bool = False
    stopped_at: datetime | None = None
    stopped_by: str = ""


async def load_guidance(session: AsyncSession) -> GuidanceRow:
    """Return the guidance in force."""
    return await _read(session, "ORDER BY version DESC LIMIT 1", {}) or GuidanceRow(0, Guidance(), "shipped", None)


async def get_guidance(session: AsyncSession, actor: Actor, version: int) -> GuidanceRow:
    """Return one version, as it bound the plans that name it.

    Raises:
        NotFound: there is none.
    """
    require(actor, Permission.GUIDANCE_READ)
    if version == 0:
        return GuidanceRow(0, Guidance(), "shipped", None)
    row = await _read(session, "WHERE version = :version", {"version": version})
    if row is None:
        raise NotFound(f"There is no version {version} of the guidance.")
    return row


_SELECT = "SELECT version, document, created_by_name AS created_by, created_at FROM guidance_versions"


def guidance_row(found: Mapping[Any, Any]) -> GuidanceRow:
    return GuidanceRow(
        found["version"], Guidance.model_validate(found["document"]), found["created_by"], found["created_at"]
    )


async def _read(session: AsyncSession, which: str, params: dict[str, Any]) -> GuidanceRow | None:
    found = await session.execute(text(f"{_SELECT} {which}"), params)
    row = found.mappings().first()
    return None if row is None else guidance_row(row)


async def save_guidance(
    session: AsyncSession, actor: Actor, changes: dict[str, Any], *, seen: int | None = None
) -> GuidanceRow:
    """Change some of the guidance: a new version, in force for every plan made or approved from now on.

    Args:
        seen: the version the change was made on; refuses if there is a newer one.

    Raises:
        Forbidden: the actor is not an admin.
        Conflict: somebody saved a newer version meanwhile.
        Invalid: a field is unknown or out of range; the message names it.
    """
    require(actor, Permission.SETTINGS_ADMIN)
    await session.execute(text("LOCK TABLE guidance_versions IN SHARE ROW EXCLUSIVE MODE"))
    before = await load_guidance(session)
    if seen is not None and seen != before.version:
        raise Meanwhile(f"Version {before.version} was saved meanwhile. Reload, then make your change again.")
    try:
        after = Guidance.model_validate({**before.guidance.model_dump(mode="json"), **changes})
    except ValidationError as error:
        raise mistakes_of(error) from error
    old, new = before.guidance.model_dump(mode="json"), after.model_dump(mode="json")
    if old == new:
        return before
    at = now()
    await session.execute(
        text(
            "INSERT INTO guidance_versions (version, document, created_by, created_by_name, created_at)"
            " VALUES (:version, CAST(:document AS jsonb), :by, :name, :at)"
        ),
        {
            "version": before.version + 1,
            "document": after.model_dump_json(),
            "by": actor.user_id,
            "name": actor.name,
            "at": at,
        },
    )
    await audit_change(
        session,
        actor,
        "guidance.changed",
        "guidance",
        None,
        before=old,
        after=new,
        plain=new,
        version=before.version + 1,
    )
    return GuidanceRow(before.version + 1, after, actor.name, at)


async def refuse_claims(session: AsyncSession, parts: Iterable[tuple[str, str | None]]) -> None:
    """Hold texts against the guidance in force.

    Args:
        parts: (field, text); None is passed over.

    Raises:
        Invalid: one holds a banned phrase; `field` names it.
    """
    guidance = (await load_guidance(session)).guidance
    for field, words in parts:
        if words:
            guidance.check_words(words, field)


async def autopilot_stopped(session: AsyncSession) -> bool:
    """Tell whether the kill switch is on."""
    return (await load_settings(session, AutopilotSettings)).stopped
