"""The pages of webhooks: made, shown once, paused, tried, sent again; for admins, whatever is called."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM, Actor, ActorKind
from liquor_app.core.db import transaction
from liquor_app.core.ids import uuid7
from liquor_app.screens.webhooks.detail.state import DeliveriesState
from liquor_app.screens.webhooks.list.state import WebhooksState
from liquor_app.webhooks.endpoints import create_endpoint
from liquor_app.webhooks.models import ASKED_FOR
from liquor_app.webhooks.tell_endpoints import deliver_due
from tests.tabs import Tab, run, said
from tests.webhooks.receiver import receiving

pytestmark = pytest.mark.integration

ADMIN = Actor(ActorKind.API_KEY, uuid7(), "An", Role.ADMIN)  # not a row of users


async def opened(actor: Actor = ADMIN) -> WebhooksState:
    state = await Tab("/settings/webhooks", actor).state(WebhooksState)
    await run(WebhooksState.load, state)
    return state


async def test_an_endpoints_life(database: str) -> None:
    async with receiving(500, 204) as receiver:
        state = await opened()
        assert state.rows == []
        await run(WebhooksState.ask, state, "new")
        await run(WebhooksState.create, state, {"url": receiver.url, "events": "", "description": "The till"})
        secret = state.secret
        assert secret.startswith("whsec_")
        (line,) = state.rows
        assert (line.url, line.told_of, line.state, line.took) == (receiver.url, "Everything", "on", "–")
        await run(WebhooksState.hide, state, False)
        assert state.secret == ""
        assert "on its way" in said(await run(WebhooksState.test, state, line.id))
        await deliver_due()
        await run(WebhooksState.load, state)
        assert state.rows[0].state == "failing"
        page = await Tab(line.href, ADMIN).state(DeliveriesState)
        await run(DeliveriesState.load, page)
        (sent,) = page.rows
        assert (sent.event, sent.status, sent.said) == ("webhook.test", "pending", "It answers 500.")
        assert "waits" in said(await run(DeliveriesState.replay, page, sent.id))
        async with transaction() as session:
            await session.execute(text("UPDATE webhook_deliveries SET next_at = now()"))
        await deliver_due()
        assert "once more" in said(await run(DeliveriesState.replay, page, sent.id))
        await run(WebhooksState.turn, state, line.id, False)
        assert state.rows[0].state == "off"
        await run(WebhooksState.turn, state, line.id, True)
        assert state.rows[0].state == "on"
        await run(WebhooksState.ask, state, "change", line.id)
        assert (state.chosen.url, state.chosen.events) == (receiver.url, ""), "the form begins with what is"
        await run(WebhooksState.change, state, {"url": receiver.url, "events": "send.delivered", "description": "T"})
        assert (state.rows[0].told_of, state.rows[0].events, state.rows[0].description) == (
            "send.delivered", "send.delivered", "T",
        )  # fmt: skip
        await run(WebhooksState.ask, state, "change", line.id)
        await run(WebhooksState.change, state, {"url": receiver.url, "events": "no.such", "description": ""})
        assert "events" in state.errors
        assert (state.asking, state.rows[0].events) == ("change", "send.delivered")
        await run(WebhooksState.close, state, False)
        await run(WebhooksState.ask, state, "renew", line.id)
        await run(WebhooksState.renew, state)
        assert state.secret.startswith("whsec_")
        assert state.secret != secret
        await run(WebhooksState.ask, state, "remove", line.id)
        await run(WebhooksState.remove, state)
        assert state.rows == []


@pytest.mark.parametrize("role", [Role.USER, Role.MANAGER])
async def test_nobody_but_an_admin(database: str, role: Role) -> None:
    async with transaction() as session:
        made = await create_endpoint(session, SYSTEM, url="https://hooks.example.com/a", events=ASKED_FOR)
    other = Actor(ActorKind.USER, uuid7(), "Vi", role)
    state = await opened(other)
    assert state.rows == []
    own = str(made.endpoint.id)
    for event in ((WebhooksState.test, own), (WebhooksState.turn, own, False)):
        await run(event[0], state, *event[1:])
    for verb in (WebhooksState.renew, WebhooksState.remove):
        await run(WebhooksState.ask, state, "remove", own)
        await run(verb, state)
        assert state.secret == ""
    await run(WebhooksState.ask, state, "change", own)
    await run(WebhooksState.change, state, {"url": "https://theirs.example.com/", "events": "", "description": ""})
    page = await Tab(f"/settings/webhooks/{own}", other).state(DeliveriesState)
    await run(DeliveriesState.load, page)
    assert page.rows == []
    async with transaction() as session:
        left = await session.execute(text("SELECT url, is_active FROM webhook_endpoints"))
        assert left.all() == [("https://hooks.example.com/a", True)]
        told = await session.execute(text("SELECT count(*) FROM webhook_deliveries"))
        assert told.scalar_one() == 0
