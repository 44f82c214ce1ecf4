"""Typed settings documents: one pydantic model per key, defaults in code, overrides in the database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar, Literal, TypeVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from liquor_app.accounts.audit import audit_change
from liquor_app.accounts.permission_table import Permission
from liquor_app.accounts.permissions import Actor, require
from liquor_app.core.clock import now, time_zones
from liquor_app.core.money import DEFAULT_CURRENCY
from liquor_app.organization.form_mistakes import mistakes_of
from liquor_app.organization.kept_general import announce_settings, general_saved
from liquor_app.organization.shop_identity import UNNAMED
from liquor_app.organization.topics import SHIPPED, parse_topics


class SettingsModel(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    key: ClassVar[str]


class GeneralSettings(SettingsModel):
    key = "general"
    organization_name: str = Field(UNNAMED, min_length=1, max_length=120)
    timezone: str = "America/New_York"
    currency: str = Field(DEFAULT_CURRENCY, pattern=r"^[A-Z]{3}$")
    is_sample: bool = False

    @field_validator("timezone")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in time_zones():
            raise ValueError("must be a time zone name such as America/New_York")
        return value


class ComplianceSettings(SettingsModel):
    """The store's own rules; federal and state law (the rule pack) can only make them stricter."""

    key = "compliance"
    minimum_age: int = Field(21, ge=18, le=25)
    unknown_age_email: Literal["block", "with_purchase_history"] = "with_purchase_history"
    email_window_start: str = Field("09:00", pattern=r"^([01]\d|2[0-3]):[0-5]\d$")
    email_window_end: str = Field("22:00", pattern=r"^([01]\d|2[0-3]):[0-5]\d$")
    sms_window_start: str = Field("10:00", pattern=r"^([01]\d|2[0-3]):[0-5]\d$")
    sms_window_end: str = Field("20:00", pattern=r"^([01]\d|2[0-3]):[0-5]\d$")
    max_contacts_7_days: int = Field(2, ge=1, le=14)
    max_contacts_30_days: int = Field(6, ge=1, le=60)
    disclaimer: str = Field("Must be 21 or older. Please enjoy responsibly.", max_length=500)

    @model_validator(mode="after")
    def _ordered(self) -> ComplianceSettings:
        for channel in ("email", "sms"):
            if getattr(self, f"{channel}_window_start") >= getattr(self, f"{channel}_window_end"):
                raise ValueError(f"{channel}_window_end must be later than {channel}_window_start")
        if self.max_contacts_30_days < self.max_contacts_7_days:
            raise ValueError("max_contacts_30_days cannot be below max_contacts_7_days")
        return self


class PreferenceSettings(SettingsModel):
    """What recipients are asked and may choose on the pages of theirs."""

    key = "preferences"
    double_opt_in: Literal["off", "on"] = "off"
    topics: str = Field(SHIPPED, max_length=1000)

    @field_validator("topics")
    @classmethod
    def _readable(cls, value: str) -> str:
        parse_topics(value)
        return value


class PlanningSettings(SettingsModel):
    key = "planning"
    email_capacity_per_day: int = Field(150, ge=0, le=5_000_000)
    sms_capacity_per_day: int = Field(50, ge=0, le=5_000_000)
    discount_budget: Decimal = Field(Decimal("250.00"), ge=0, le=Decimal("99999999"))
    margin_pct: Decimal = Field(Decimal("28"), ge=0, le=100)
    margin_floor_pct: Decimal = Field(Decimal("10"), ge=0, le=100)
    holdout_pct: Decimal = Field(Decimal("10"), ge=0, le=50)
    explore_pct: Decimal = Field(Decimal("5"), ge=0, le=50)
    """Of whom a plan chooses, given an eligible action at random: what the agent's choosing is judged by."""
    usual_pct: Decimal = Field(Decimal("0"), ge=0, le=30)
    """Of whom a plan chooses, given what the shop would send without choosing; 0: there is no business as usual."""
    global_holdout_pct: Decimal = Field(Decimal("5"), ge=0, le=20)
    """Of all customers, left out of every campaign: what the whole of marketing changes. 0 is none; see ADR 18."""
    global_holdout_seed: str = Field("global", min_length=1, max_length=60)
    """Decides who; another one draws other people."""
    email_cost: Decimal = Field(Decimal("0.0010"), ge=0, le=10)
    sms_cost: Decimal = Field(Decimal("0.0120"), ge=0, le=10)
    horizon_days: int = Field(60, ge=7, le=365)
    stock_hours: int = Field(24, ge=1, le=720)
    """After these a stock figure is too old to say that a product is out of stock, or that it is not."""


class SendingSettings(SettingsModel):
    """What is done by itself when sending goes wrong.

    A campaign is paused once `pause_error_pct` per cent of its last results, at least `pause_error_least` of them, are
    refusals; 100 never does. A message whose answer never came is settled after `unknown_hours`: left for a person,
    taken for sent, or sent again, which may repeat it.
    """

    key = "sending"
    pause_error_pct: int = Field(30, ge=1, le=100)
    pause_error_least: int = Field(50, ge=5, le=10_000)
    unknown_policy: Literal["leave", "sent", "resend"] = "leave"
    unknown_hours: int = Field(72, ge=1, le=720)
    soft_bounces: int = Field(5, ge=2, le=20)
    soft_bounce_days: int = Field(7, ge=1, le=90)
    """So many soft bounces in a row, the first and the last at least so many days apart, and an address is given up."""
    attribution_days: int = Field(7, ge=1, le=90)
    """How long after a click a purchase counts as brought by the message."""


LEAST_KEPT = 90
"""Days: caps, windows after a click and what is learned look back as far."""


class RetentionSettings(SettingsModel):
    """Days kept; 0 keeps for ever. `sends_days` holds for messages, what was answered to them, and why somebody got
    none; `events_days` for what customers did, and how segments changed. Purchases, consents, proofs of age and the
    suppression list are kept for as long as the customer."""

    key = "retention"
    events_days: int = Field(730, ge=0, le=3650)
    sends_days: int = Field(1095, ge=0, le=3650)
    audit_days: int = Field(2555, ge=0, le=3650)
    outbox_days: int = Field(30, ge=0, le=3650)

    @field_validator("events_days", "sends_days", "audit_days")
    @classmethod
    def _not_soon(cls, value: int) -> int:
        if 0 < value < LEAST_KEPT:
            raise ValueError(f"must be 0, which keeps for ever, or {LEAST_KEPT} days at least")
        return value


S = TypeVar("S", bound=SettingsModel)


async def load_settings(session: AsyncSession, model: type[S]) -> S:
    """Return the document as saved, defaults for what was never changed."""
    found = await session.execute(text("SELECT value FROM settings WHERE key = :key"), {"key": model.key})
    return model.model_validate(found.scalar() or {})


@dataclass(frozen=True, slots=True)
class ShopSettings:
    """The documents that planning, sending and the law go by."""

    general: GeneralSettings
    compliance: ComplianceSettings
    planning: PlanningSettings


async def load_shop(session: AsyncSession) -> ShopSettings:
    """Read the three at once, each once: whoever needs more than one of them passes them on."""
    documents = (GeneralSettings, ComplianceSettings, PlanningSettings)
    found = await session.execute(
        text("SELECT key, value FROM settings WHERE key = ANY(:keys)"), {"keys": [one.key for one in documents]}
    )
    saved = {row.key: row.value for row in found}
    return ShopSettings(
        GeneralSettings.model_validate(saved.get(GeneralSettings.key) or {}),
        ComplianceSettings.model_validate(saved.get(ComplianceSettings.key) or {}),
        PlanningSettings.model_validate(saved.get(PlanningSettings.key) or {}),
    )


async def shop_zone(session: AsyncSession) -> ZoneInfo:
    """Return the shop's time zone, which screens and files tell dates and times in (`general_saved`)."""
    return ZoneInfo(GeneralSettings.model_validate(await general_saved(session)).timezone)


async def shop_now(session: AsyncSession) -> datetime:
    """Return the present in the shop's time zone."""
    return now().astimezone(await shop_zone(session))


async def shop_today(session: AsyncSession) -> date:
    """Return the shop's calendar day. Every "today" of a rule, a form or a figure is this one: by UTC the day would end
    at seven or eight in the evening in New York."""
    return (await shop_now(session)).date()


SHOP_DAY = (
    "CAST(CAST(:now AS timestamptz) AT TIME ZONE COALESCE((SELECT value->>'timezone' FROM settings"
    f" WHERE key = '{GeneralSettings.key}'), '{GeneralSettings().timezone}') AS date)"
)
"""`shop_today` in SQL, at the moment `:now`: for a filter of a list, which has no session to ask beforehand."""


async def save_settings(session: AsyncSession, actor: Actor, model: type[S], changes: dict[str, Any]) -> S:
    """Change some fields of a document; audited.

    Raises:
        Forbidden: the actor is not an admin.
        Invalid: a field is unknown or out of range; the message names it.
    """
    require(actor, Permission.SETTINGS_ADMIN)
    await session.execute(text("INSERT INTO settings (key) VALUES (:key) ON CONFLICT DO NOTHING"), {"key": model.key})
    locked = await session.execute(text("SELECT value FROM settings WHERE key = :key FOR UPDATE"), {"key": model.key})
    before = model.model_validate(locked.scalar_one())
    try:
        after = model.model_validate({**before.model_dump(mode="json"), **changes})
    except ValidationError as error:
        raise mistakes_of(error) from error
    await replace_settings(session, actor, after)
    await audit_change(
        session,
        actor,
        "settings.changed",
        model.key,
        None,
        before=before.model_dump(mode="json"),
        after=after.model_dump(mode="json"),
        plain=model.model_fields,
    )
    return after


async def replace_settings(session: AsyncSession, actor: Actor, document: SettingsModel) -> None:
    """Store a whole document. A corridor: who may do it, and what is noted of it, is the door's before it."""
    await session.execute(
        text(
            "INSERT INTO settings (key, value, updated_at, updated_by) VALUES (:key, CAST(:value AS jsonb), :at, :by)"
            " ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value, updated_at = EXCLUDED.updated_at,"
            " updated_by = EXCLUDED.updated_by"
        ),
        {"key": document.key, "value": document.model_dump_json(), "at": now(), "by": actor.user_id},
    )
    announce_settings(session)
