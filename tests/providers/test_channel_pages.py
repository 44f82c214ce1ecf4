"""The channels' page: forms made from config models, secrets that never come out, order, pauses, health."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import text

from liquor_app.accounts.entry.passwords import Hashed
from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM, Actor, ActorKind
from liquor_app.accounts.users import create_user
from liquor_app.analytics.asking.answers import answer
from liquor_app.analytics.asking.questions import Picked, QuestionKey
from liquor_app.analytics.bounce_rates import sender_health
from liquor_app.core import config, redis
from liquor_app.core.db import transaction
from liquor_app.core.errors import Forbidden, Invalid, NotFound
from liquor_app.core.ids import uuid7
from liquor_app.organization.models import Channel
from liquor_app.providers.adapters.mailgun import MailgunConfig
from liquor_app.providers.channel_admin import (
    forget_secret,
    move_provider,
    read_form,
    save_form,
    switch_provider,
    try_again,
)
from liquor_app.providers.config_forms import FormInvalid, form_fields, merged, provider_name, shown
from liquor_app.providers.registry import PROVIDERS
from liquor_app.providers.sender_health import open_circuit, rest, take_probes
from liquor_app.providers.service import load_routes, open_provider
from liquor_app.screens.providers.channels.form_state import ProviderFormState
from liquor_app.screens.providers.channels.state import ChannelsState, health_line, tone_of
from liquor_app.screens.providers.channels.test_state import ChannelTrialState
from liquor_app.ui.words import NONE
from tests.people import ensure_shop
from tests.tabs import Tab, run, said

SECRET = "key-very-secret"
MAILGUN = {"domain": "mg.example.com", "api_key": SECRET, "base_url": "https://api.mailgun.net"}
NUMBERS = {"rate_per_second": "20", "warmup_first_day": "200", "warmup_growth_pct": "50"}
MARKETER = Actor(ActorKind.USER, uuid7(), "Mara", Role.MANAGER)


@pytest.fixture
async def dana(database: str) -> Actor:
    async with transaction() as session:
        await ensure_shop(session)
        user = await create_user(
            session, SYSTEM, email="dana@example.com", password=Hashed("never signed in with"), role=Role.ADMIN
        )
    return Actor(ActorKind.USER, user.id, "Dana", Role.ADMIN)


async def add_mailgun() -> None:
    async with transaction() as session:
        await save_form(session, SYSTEM, Channel.EMAIL, "mailgun", MAILGUN, rate_per_second=20)


# forms


@pytest.mark.parametrize("name", sorted(PROVIDERS))
def test_every_provider_has_a_form_that_says_what_it_wants(name: str) -> None:
    kind = PROVIDERS[name]
    fields = form_fields(kind.Config)
    assert [field.name for field in fields] == list(kind.Config.model_fields)
    assert provider_name(name) != name
    for field in fields:
        secret = "SecretStr" in str(kind.Config.model_fields[field.name].annotation)
        assert (field.kind == "secret") == secret
        assert not (secret and field.default)
        assert field.label[0].isupper()
    typed = {field.name: field.default for field in fields}
    if any(field.is_required for field in fields):
        with pytest.raises(FormInvalid) as refused:
            merged(kind.Config, {}, typed)
        assert {field.name for field in fields if field.is_required} <= set(refused.value.errors)
    else:
        assert merged(kind.Config, {}, typed) is not None


def test_secrets_go_in_and_never_come_out() -> None:
    stored = merged(MailgunConfig, {}, MAILGUN)
    values, secrets = shown(MailgunConfig, stored)
    assert secrets == {"api_key"}
    assert SECRET not in str(values)
    assert merged(MailgunConfig, stored, {**values, "api_key": ""})["api_key"] == SECRET, "empty keeps it"
    assert merged(MailgunConfig, stored, {**values, "api_key": "new"})["api_key"] == "new"
    thief = {**values, "base_url": "https://thief.example"}
    with pytest.raises(FormInvalid, match="type it again") as refused:
        merged(MailgunConfig, stored, thief)
    assert set(refused.value.errors) == {"api_key"}
    assert merged(MailgunConfig, stored, {**thief, "api_key": "mine"})["api_key"] == "mine"


def test_mistakes_stand_beside_their_fields_without_what_was_typed() -> None:
    typed = {"domain": "no domain", "api_key": "", "timeout_seconds": "1000", "lookup_grace_seconds": "soon"}
    with pytest.raises(FormInvalid) as refused:
        merged(MailgunConfig, {}, typed)
    assert set(refused.value.errors) == {"domain", "api_key", "timeout_seconds", "lookup_grace_seconds"}
    assert "soon" not in str(refused.value.errors)


# verbs


async def test_order_switch_and_pause(dana: Actor) -> None:
    await add_mailgun()
    async with transaction() as session:
        assert [route.provider for route in await load_routes(session)] == ["sandbox", "sandbox"], "a new one is off"
        assert await switch_provider(session, dana, Channel.EMAIL, "mailgun", on=True)
        routes = [route for route in await load_routes(session) if route.channel is Channel.EMAIL]
        assert [route.provider for route in routes] == ["mailgun", "sandbox"], "before the sandbox"
        await move_provider(session, dana, Channel.EMAIL, "mailgun", up=True)
        await move_provider(session, dana, Channel.EMAIL, "mailgun", up=False)
        routes = [route for route in await load_routes(session) if route.channel is Channel.EMAIL]
        assert [route.provider for route in routes] == ["sandbox", "mailgun"]
        await save_form(session, dana, Channel.EMAIL, "mailgun", {**MAILGUN, "api_key": ""}, rate_per_second=5)
        routes = [route for route in await load_routes(session) if route.channel is Channel.EMAIL]
        assert [(route.provider, route.rate_per_second) for route in routes][1] == ("mailgun", 5), (
            "order and state stay"
        )
        provider: Any = open_provider("mailgun", routes[1].config)
        assert provider.config.api_key.get_secret_value() == SECRET
        await provider.aclose()
        with pytest.raises(NotFound):
            await try_again(session, dana, "mailgun")
        await open_circuit(session, "mailgun", "no answer")
        assert await take_probes(session) == []
        await try_again(session, dana, "mailgun")
        assert [route.provider for route in await take_probes(session)] == ["mailgun"]
        await session.execute(text("UPDATE channels SET failures = 0, paused_until = NULL"))
        await rest(session, "mailgun", 300, "slow down")
        await try_again(session, dana, "mailgun")
        assert len([route for route in await load_routes(session) if route.provider == "mailgun"]) == 1
        assert not await switch_provider(session, dana, Channel.SMS, "sandbox", on=False), "nobody is left"


async def test_only_admins(dana: Actor) -> None:
    async with transaction() as session:
        for call in (
            read_form(session, MARKETER, Channel.EMAIL, "mailgun"),
            save_form(session, MARKETER, Channel.EMAIL, "mailgun", MAILGUN),
            move_provider(session, MARKETER, Channel.EMAIL, "sandbox", up=True),
            switch_provider(session, MARKETER, Channel.EMAIL, "sandbox", on=False),
            try_again(session, MARKETER, "sandbox"),
        ):
            with pytest.raises(Forbidden):
                await call


async def test_health_of_thirty_days(dana: Actor) -> None:
    async with transaction() as session:
        for days, sends, bounces, complaints in ((1, 900, 20, 2), (5, 100, 5, 0), (40, 5000, 5000, 5000)):
            await session.execute(
                text(
                    "INSERT INTO daily_messages (day, campaign_id, channel, sends, bounces, complaints)"
                    " VALUES (CURRENT_DATE - CAST(:d AS integer), :c, 'email', :s, :b, :k)"
                ),
                {"d": days, "c": uuid7(), "s": sends, "b": bounces, "k": complaints},
            )
        email, sms = await sender_health(session, MARKETER)
    assert (email.sends, email.bounce_share, email.complaint_share) == (1000, 0.025, 0.002)
    assert (sms.sends, sms.bounce_share) == (0, None)
    assert [tone_of(share, (0.02, 0.05)) for share in (None, 0.0, 0.02, 0.05)] == ["", "green", "amber", "red"]


async def test_what_nobody_told_of_is_no_zero(dana: Actor) -> None:
    """Of two hundred messages of which nothing came back, neither openings nor bounces: whether any was called spam is
    not known, on the page and in words."""
    async with transaction() as session:
        await session.execute(
            text(
                "INSERT INTO daily_messages (day, campaign_id, channel, sends)"
                " VALUES (CURRENT_DATE - 1, :c, 'email', 200)"
            ),
            {"c": uuid7()},
        )
        email, _ = await sender_health(session, MARKETER)
        said = (await answer(session, MARKETER, Picked(QuestionKey.SPAM, 30))).sentences
    assert (email.is_told, email.bounce_share, email.complaint_share) == (False, None, None)
    assert (health_line(email).bounces, health_line(email).complaints) == (NONE, NONE)
    (words,) = said
    assert words == (
        "Nobody has told what became of the last thirty days' 200 email messages, so whether any were called spam is"
        " not known."
    )


async def test_what_was_only_played_thins_no_complaints(dana: Actor) -> None:
    """Four of a thousand is above what providers bear, however many messages the sandbox took beside."""
    async with transaction() as session:
        for sends, delivered, complaints in ((1000, 980, 4), (9000, 0, 0)):
            await session.execute(
                text(
                    "INSERT INTO daily_messages (day, campaign_id, channel, sends, delivered, complaints)"
                    " VALUES (CURRENT_DATE - 1, :c, 'email', :s, :d, :k)"
                ),
                {"c": uuid7(), "s": sends, "d": delivered, "k": complaints},
            )
        email, _ = await sender_health(session, MARKETER)
    assert (email.sends, email.complaint_share) == (1000, 0.004)


# the page


async def test_a_provider_is_set_up_tested_and_switched_on(dana: Actor) -> None:
    tab = Tab("/settings/channels", dana)
    channels, form = await tab.state(ChannelsState), await tab.state(ProviderFormState)
    await run(ChannelsState.load, channels)
    assert channels.only_sandbox == "E-mail and SMS"
    assert {option.value for option in channels.more_sms} == {"twilio"}
    await run(ProviderFormState.open, form, "email", "mailgun")
    assert form.webhook.endswith("/api/v1/webhooks/mailgun")
    await run(ProviderFormState.save, form, {"domain": "x y", **NUMBERS})
    assert {"domain", "api_key"} <= set(form.errors)
    await run(ProviderFormState.save, form, {**MAILGUN, **NUMBERS, "rate_per_second": "fast"})
    assert set(form.errors) == {"rate_per_second"}
    answer = await run(ProviderFormState.save, form, {**MAILGUN, **NUMBERS, "warmup_from": "2026-11-02"})
    assert "Mailgun saved" in said(answer)
    told = [(line.provider, line.state, line.place) for line in channels.email]
    assert told == [("mailgun", "off", "1"), ("sandbox", "on", "2")]
    assert "2 Nov: 200 on the first day" in channels.email[0].warmup
    await run(ChannelsState.switch, channels, "email", "mailgun")
    assert (channels.only_sandbox, channels.leaking) == ("SMS", "E-mail")
    await run(ProviderFormState.open, form, "email", "mailgun")
    everything = json.dumps(tab.root.dict(), default=str)
    assert SECRET not in everything
    assert next(field for field in form.fields if field.id == "api_key").placeholder == "Set. Type to replace it."
    async with transaction() as session:
        await open_circuit(session, "mailgun", "no answer")
    await run(ChannelsState.load, channels)
    assert channels.email[0].state == "paused"
    assert "no answer" in channels.email[0].why
    await run(ChannelsState.retry, channels, "mailgun")
    assert channels.email[0].state == "probing"
    answer = await run(ChannelsState.switch, channels, "sms", "sandbox")
    assert "Nobody carries SMS" in said(answer)
    assert channels.uncarried == "SMS"
    for odd in (("pigeon", "sandbox"), ("email", "pigeon")):
        assert "toast" in said(await run(ChannelsState.move, channels, *odd, True))


async def test_a_channel_is_tried_on_oneself(dana: Actor) -> None:
    tab = Tab("/settings/channels", dana)
    trial = await tab.state(ChannelTrialState)
    await run(ChannelTrialState.open, trial, "email", "sandbox")
    assert trial.email == "dana@example.com"
    assert "dana@example.com" in said(await run(ChannelTrialState.send, trial, {}))
    await run(ChannelTrialState.open, trial, "sms", "sandbox")
    await run(ChannelTrialState.send, trial, {"phone": "12"})
    assert trial.error
    async with transaction() as session:
        kept = await session.execute(text("SELECT subject FROM outbox_messages"))
    assert list(kept.scalars()) == ["[Test] A test of your e-mail channel"]


async def test_others_see_nothing_of_it(dana: Actor) -> None:
    await add_mailgun()
    tab = Tab("/settings/channels", MARKETER)
    channels, form = await tab.state(ChannelsState), await tab.state(ProviderFormState)
    assert "role" in said(await run(ChannelsState.load, channels))
    assert "role" in said(await run(ProviderFormState.open, form, "email", "mailgun"))
    assert (channels.email, form.fields) == ([], [])


async def test_a_secret_that_is_not_needed_can_be_removed(dana: Actor) -> None:
    async with transaction() as session:
        values = {**MAILGUN, "webhook_signing_key": "hook"}
        await save_form(session, SYSTEM, Channel.EMAIL, "mailgun", values, rate_per_second=20)
    state = await Tab("/settings/channels", dana).state(ProviderFormState)
    await run(ProviderFormState.open, state, "email", "mailgun")
    assert [line.id for line in state.fields if line.can_go] == ["webhook_signing_key"]
    await run(ProviderFormState.ask, state, "api_key")
    assert state.removing == "", "it cannot do without"
    await run(ProviderFormState.ask, state, "webhook_signing_key")
    assert "removed" in said(await run(ProviderFormState.remove, state))
    assert not any(line.can_go for line in state.fields)
    async with transaction() as session:
        form = await read_form(session, SYSTEM, Channel.EMAIL, "mailgun")
        assert form.secrets == {"api_key"}
        logged = await session.execute(text("SELECT changes FROM audit_log WHERE action = 'channel.secret_removed'"))
        assert logged.scalar_one()["secret"] == "webhook_signing_key"
        for name in ("api_key", "domain", "nonsense"):
            with pytest.raises(Invalid):
                await forget_secret(session, SYSTEM, Channel.EMAIL, "mailgun", name)
        with pytest.raises(NotFound, match="not set"):
            await forget_secret(session, SYSTEM, Channel.EMAIL, "mailgun", "webhook_signing_key")
        with pytest.raises(Forbidden):
            await forget_secret(session, MARKETER, Channel.EMAIL, "mailgun", "webhook_signing_key")


async def test_tests_are_refused_while_they_cannot_be_counted(dana: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    await redis.dispose()
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
    config.get_settings.cache_clear()
    state = await Tab("/settings/channels", dana).state(ChannelTrialState)
    await run(ChannelTrialState.open, state, "email", "sandbox")
    await run(ChannelTrialState.send, state, {})
    assert "Redis does not answer" in state.error
    await redis.dispose()
