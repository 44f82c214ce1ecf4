"""One provider's form, made from its config model. Secrets go in and never come out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.core.config import get_settings
from liquor_app.core.db import transaction
from liquor_app.core.errors import Invalid
from liquor_app.providers.channel_admin import ProviderForm, forget_secret, read_form, save_form
from liquor_app.providers.config_forms import FormField, provider_name
from liquor_app.providers.service import ChannelRow, list_channels
from liquor_app.screens.forms.state import FormState, submits
from liquor_app.screens.providers.channels.state import ChannelsState, channel_of
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.ui.forms.form_data import typed
from liquor_app.ui.toast import toast_done

NUMBERS = {
    "rate_per_second": "Rate, messages a second",
    "warmup_first_day": "Messages on the first day",
    "warmup_growth_pct": "More each day, %",
}


@dataclass(frozen=True, slots=True)
class FieldLine:
    """A field as it is drawn. `value` of a secret is always empty; `placeholder` says whether one is set."""

    id: str
    label: str
    hint: str
    kind: str
    options: list[tuple[str, str]]
    value: str
    placeholder: str
    optional: bool
    can_go: bool
    """A secret that is set and not needed."""


def field_line(field: FormField, form: ProviderForm) -> FieldLine:
    is_set = field.name in form.secrets
    return FieldLine(
        field.name,
        field.label,
        field.hint,
        field.kind,
        [("true", "Yes"), ("false", "No")] if field.kind == "flag" else [(one, one) for one in field.options],
        form.values.get(field.name, ""),
        "Set. Type to replace it." if is_set else "",
        not field.is_required,
        is_set and not field.is_required,
    )


def option_values(row: ChannelRow | None) -> dict[str, str]:
    """Pace and warm-up as a form shows them."""
    if row is None:
        return {"rate_per_second": "10", "warmup_from": "", "warmup_first_day": "200", "warmup_growth_pct": "50"}
    return {
        "rate_per_second": str(row.rate_per_second),
        "warmup_from": row.warmup_from.isoformat() if row.warmup_from else "",
        "warmup_first_day": str(row.warmup_first_day),
        "warmup_growth_pct": str(row.warmup_growth_pct),
    }


def typed_options(form: dict[str, Any]) -> dict[str, Any]:
    """Pace and warm-up from a form.

    Raises:
        Invalid: a number that is none, or a day that is none.
    """
    options: dict[str, Any] = {}
    for name, label in NUMBERS.items():
        given = typed(form, name).replace(",", "").strip()
        if not given.isascii() or not given.isdigit() or len(given) > 9:
            raise Invalid(f"{label}: a whole number, please.", field=name)
        options[name] = int(given)
    day = typed(form, "warmup_from").strip()
    try:
        options["warmup_from"] = date.fromisoformat(day) if day else None
    except ValueError as error:
        raise Invalid("The first day of the warm-up is a date.", field="warmup_from") from error
    return options


class ProviderFormState(FormState, rx.State):
    """`provider` is empty while no form is open."""

    channel: str = ""
    provider: str = ""
    title: str = ""
    fields: list[FieldLine] = []
    options: dict[str, str] = {}
    webhook: str = ""
    fresh: bool = False
    removing: str = ""

    def _fields(self) -> frozenset[str]:
        return frozenset({*(line.id for line in self.fields), *self.options})

    def _asked(self) -> bool:
        return bool(self.provider)

    def _shut(self) -> None:
        self.reset()

    @rx.event
    @guarded
    @needs(Permission.CHANNELS_ADMIN)
    async def open(self, channel: str, provider: str) -> None:
        """The form of a provider, set up or not."""
        actor, wanted = await signed_in(self), channel_of(channel)
        async with transaction() as session:
            form = await read_form(session, actor, wanted, str(provider))
            rows = await list_channels(session, actor)
        row = next((one for one in rows if (one.channel, one.provider) == (form.channel, form.provider)), None)
        self.channel, self.provider, self.fresh = form.channel, form.provider, row is None
        self.title = f"{provider_name(form.provider)} for {wanted.label}"
        self._fresh()
        self.fields = [field_line(field, form) for field in form.fields]
        self.options = option_values(row)
        self.webhook = f"{get_settings().base_url}/api/v1/webhooks/{form.provider}" if form.has_webhooks else ""

    @rx.event
    @needs(Permission.CHANNELS_READ)
    async def clear(self) -> None:
        """Nothing is open when the page is; what was typed before the connection broke stays."""
        if not self.dirty:
            self.reset()

    @rx.event
    @needs(Permission.CHANNELS_READ)
    async def ask(self, name: str) -> None:
        """Ask before a secret is removed; empty closes the question."""
        self.removing = name if any(line.id == name and line.can_go for line in self.fields) else ""

    @rx.event
    @needs(Permission.CHANNELS_READ)
    async def keep(self, open: bool) -> None:
        if not open:
            self.removing = ""

    @rx.event
    @guarded
    @needs(Permission.CHANNELS_ADMIN)
    async def remove(self) -> Any:
        """Forget the secret that was asked about."""
        actor, wanted, name = await signed_in(self), channel_of(self.channel), self.removing
        self.removing = ""
        label = next((line.label for line in self.fields if line.id == name), name)
        async with transaction() as session:
            await forget_secret(session, actor, wanted, self.provider, name)
            form = await read_form(session, actor, wanted, self.provider)
        self.fields = [field_line(field, form) for field in form.fields]
        return toast_done(f"{label} removed", "It is stored nowhere any more.")

    @rx.event
    @submits
    @needs(Permission.CHANNELS_ADMIN)
    async def save(self, form: dict[str, Any]) -> Any:
        """Store it; mistakes are shown beside their fields and nothing is stored."""
        actor, wanted = await signed_in(self), channel_of(self.channel)
        name, fresh = provider_name(self.provider), self.fresh
        given = {line.id: typed(form, line.id)[:10_000] for line in self.fields}
        async with transaction() as session:
            await save_form(session, actor, wanted, self.provider, given, **typed_options(form))
        self.reset()
        channels = await self.get_state(ChannelsState)
        await channels._read()
        words = "It is off: test it, then switch it on." if fresh else "Messages follow it from now on."
        return toast_done(f"{name} saved", words)
