"""Settings: one form a document, made from the document's own fields."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.accounts.permissions import require
from liquor_app.core.db import transaction
from liquor_app.organization.settings import (
    ComplianceSettings,
    GeneralSettings,
    PlanningSettings,
    PreferenceSettings,
    RetentionSettings,
    SendingSettings,
    SettingsModel,
    load_settings,
    save_settings,
)
from liquor_app.providers.service import list_channels
from liquor_app.screens.forms.state import FormState, submits
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.ui.forms.form_data import said
from liquor_app.ui.toast import toast_done, toast_warning
from liquor_app.ui.words import figure

DOCUMENTS: dict[str, type[SettingsModel]] = {
    model.key: model
    for model in (
        GeneralSettings,
        ComplianceSettings,
        PreferenceSettings,
        PlanningSettings,
        SendingSettings,
        RetentionSettings,
    )
}
HIDDEN = {"is_sample"}
LABELS = {
    "organization_name": ("Name of the shop", ""),
    "timezone": ("Time zone", "The shop's own; decides what a day is."),
    "currency": ("Currency", "Three letters, ISO 4217."),
    "minimum_age": ("Minimum age", "21 in the United States."),
    "unknown_age_email": ("E-mail when the age is unknown", "SMS is always blocked."),
    "email_window_start": ("E-mail from", "Recipient's time."),
    "email_window_end": ("E-mail until", ""),
    "sms_window_start": ("SMS from", "Law can only narrow it: 8 am to 9 pm, less in some states."),
    "sms_window_end": ("SMS until", ""),
    "max_contacts_7_days": ("Messages a person in 7 days", "Across all campaigns."),
    "max_contacts_30_days": ("Messages a person in 30 days", "Across all campaigns."),
    "disclaimer": ("Disclaimer", "Stands in every message."),
    "double_opt_in": ("Double opt-in", "On, a consent counts once the address itself has confirmed it."),
    "topics": ("Topics", "Recipients choose among them. Name: kinds of templates; next name: kinds."),
    "email_capacity_per_day": ("E-mails a day", ""),
    "sms_capacity_per_day": ("SMS a day", ""),
    "discount_budget": ("Discount budget a plan", "Expected discount given, in money."),
    "margin_pct": ("Margin, %", "Of the shelf price."),
    "margin_floor_pct": ("Margin floor, %", "No offer goes below."),
    "holdout_pct": ("Held out, %", "The random control group of a new campaign."),
    "explore_pct": (
        "Given an action at random, %",
        "Of whom a plan of 200 people or more chooses: what the agent's choosing is judged by. 0 is none.",
    ),
    "usual_pct": (
        "Given business as usual, %",
        "The first offer of each one's first playbook, by its first channel: what the shop would send without the"
        " agent, to judge it by. 0 is none.",
    ),
    "global_holdout_pct": (
        "Held out of everything, %",
        "A random group no campaign ever writes to; Analytics shows what it tells. 0 is none.",
    ),
    "global_holdout_seed": ("Draw of that group", "Another word draws other people and begins the measurement anew."),
    "email_cost": ("Cost of an e-mail", ""),
    "sms_cost": ("Cost of an SMS", ""),
    "horizon_days": ("Churn horizon, days", "Churn is no purchase within this many days."),
    "stock_hours": (
        "Stock counts for, hours",
        "A stock figure older than this is taken as not known; what is out of stock is not offered.",
    ),
    "pause_error_pct": ("Pause a campaign at, % refused", "Of its last results; 100 never pauses one."),
    "pause_error_least": ("After at least, results", ""),
    "unknown_policy": (
        "Messages whose outcome nobody knows",
        "Sent again, somebody may get one twice.",
    ),
    "unknown_hours": ("Decided after, hours", ""),
    "soft_bounces": ("Give an address up after, soft bounces in a row", "A mailbox that is full, or does not answer."),
    "soft_bounce_days": ("Over at least, days", "From the first of them to the last."),
    "attribution_days": ("A click counts for, days", "A purchase within is ascribed to the message."),
    "events_days": (
        "Events kept, days",
        "What customers did on your site, and who came into and left segments. What is older is deleted each night, for"
        " good: answers and segments are then judged by less. 90 or more; 0 keeps for ever.",
    ),
    "sends_days": (
        "Messages kept, days",
        "Each message sent, what was answered to it, and why somebody got none. What is older is deleted each night,"
        " for good: reports of campaigns that old lose their messages. Purchases, consents, proofs of age and the"
        " suppression list stay with the customer. 90 or more; 0 keeps for ever.",
    ),
    "audit_days": (
        "Audit log kept, days",
        "Who did what, and from where. What is older is deleted each night, for good: nobody can look it up any more."
        " 90 or more; 0 keeps for ever.",
    ),
    "outbox_days": (
        "Sandbox outbox kept, days",
        "The text of messages the sandbox took. What is older is deleted each night, for good; that they were sent"
        " stays known. 0 keeps for ever.",
    ),
}


CHOICES = {
    "unknown_age_email": {"block": "Never", "with_purchase_history": "With a purchase of alcohol at the till"},
    "double_opt_in": {"off": "Off", "on": "On"},
    "unknown_policy": {"leave": "Left as they are", "sent": "Taken for sent", "resend": "Sent again"},
}
"""What a field may be, in words: of each one that is not free."""


@dataclass(frozen=True, slots=True)
class Line:
    """A field of the form; `options` (value, words) where it is chosen and not typed."""

    name: str
    label: str
    hint: str
    value: str
    options: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ChannelLine:
    """A provider in the list, without its credentials."""

    channel: str
    provider: str
    state: str
    rate: str


class SettingsState(FormState, rx.State):
    """The document shown, as it is stored."""

    tab: str = "general"
    lines: list[Line] = []
    channels: list[ChannelLine] = []

    def _fields(self) -> list[str]:
        return [line.name for line in self.lines]

    def _labels(self) -> dict[str, str]:
        return {line.name: line.label for line in self.lines}

    @rx.event
    @guarded
    @needs(Permission.SETTINGS_ADMIN)
    async def load(self) -> None:
        await self._read()

    async def _read(self) -> None:
        actor = await signed_in(self)
        require(actor, Permission.SETTINGS_ADMIN)
        async with transaction() as session:
            document = await load_settings(session, DOCUMENTS[self.tab])
            providers = await list_channels(session, actor)
        self._fresh()
        self.lines = [
            Line(
                name,
                *LABELS.get(name, (name.replace("_", " ").capitalize(), "")),
                str(value),
                list(CHOICES.get(name, {}).items()),
            )
            for name, value in document.model_dump(mode="json").items()
            if name not in HIDDEN
        ]
        self.channels = [
            ChannelLine(
                "E-mail" if row.channel == "email" else "SMS",
                row.provider,
                "active" if row.is_enabled and not row.pause_reason else "paused",
                f"{figure(row.rate_per_second)} a second",
            )
            for row in providers
        ]

    @rx.event
    @guarded
    @needs(Permission.SETTINGS_ADMIN)
    async def choose(self, tab: str | list[str]) -> Any:
        if self.dirty:
            return toast_warning("Not saved yet", "Save what you typed first, or load the page anew to drop it.")
        self.tab = tab if isinstance(tab, str) and tab in DOCUMENTS else "general"
        await self._read()
        return None

    @rx.event
    @submits
    @needs(Permission.SETTINGS_ADMIN)
    async def save(self, form: dict[str, Any]) -> Any:
        """Store what was typed; a mistake is shown beside its field and nothing is stored."""
        actor = await signed_in(self)
        known = {line.name for line in self.lines}
        changes = {name: said(value).strip() for name, value in form.items() if name in known}
        async with transaction() as session:
            await save_settings(session, actor, DOCUMENTS[self.tab], changes)
        await self._read()
        return toast_done("Saved", "New plans and messages follow it from now on.")
