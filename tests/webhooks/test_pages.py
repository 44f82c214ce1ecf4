"""The pages of webhooks: made, shown once, paused, tried, sent again; for admins, whatever is called."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM, Actor, ActorKind
from liquor_app.core.db import transaction
from liquor_app.core.ids import uuid7
from liquor_app.screens.webhooks.detail.state import DeliveriesState, EndpointState
from liquor_app.screens.webhooks.list.state import WebhooksState
from liquor_app.webhooks.endpoints import change_endpoint, create_endpoint
from liquor_app.webhooks.models import ASKED_FOR
from liquor_app.webhooks.tell_endpoints import TOPIC, deliver_due
from tests.planning.test_what_was_looked_at import hearing
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
        await run(WebhooksState.create, state, {"url": receiver.url, "description": "The till"})
        assert (state.errors["events"], state.asking) == ("Choose at least one event.", "new")
        every = {f"tell.{one}": "on" for one in ASKED_FOR}
        await run(WebhooksState.create, state, {"url": receiver.url, **every, "description": "The till"})
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
        assert (sent.event, sent.called, sent.status, sent.said) == (
            "Test", "webhook.test", "pending", "It answers 500.",
        )  # fmt: skip
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
        assert (state.chosen.url, state.chosen.events) == (receiver.url, [*ASKED_FOR]), "the form begins with what is"
        told = {"url": receiver.url, "tell.send.delivered": "on", "tell.no.such": "on", "description": "T"}
        await run(WebhooksState.change, state, told)
        assert (state.rows[0].told_of, state.rows[0].events, state.rows[0].description) == (
            "Message delivered", ["send.delivered"], "T",
        )  # fmt: skip
        await run(WebhooksState.ask, state, "change", line.id)
        await run(WebhooksState.change, state, {"url": receiver.url, "tell.no.such": "on", "description": ""})
        assert "events" in state.errors
        assert (state.asking, state.rows[0].events) == ("change", ["send.delivered"])
        await run(WebhooksState.close, state, False)
        await run(WebhooksState.ask, state, "renew", line.id)
        await run(WebhooksState.renew, state)
        assert state.secret.startswith("whsec_")
        assert state.secret != secret
        await run(WebhooksState.ask, state, "remove", line.id)
        await run(WebhooksState.remove, state)
        assert state.rows == []


async def test_a_test_is_sent_from_where_its_answer_is_read(database: str) -> None:
    """Before: the page of deliveries could not send one, and did not show what came of it until it was loaded anew."""
    async with receiving(204) as receiver:
        async with transaction() as session:
            made = await create_endpoint(session, SYSTEM, url=receiver.url, events=ASKED_FOR)
        tab = Tab(f"/settings/webhooks/{made.endpoint.id}", ADMIN)
        page, endpoint = await tab.state(DeliveriesState), await tab.state(EndpointState)
        await run(EndpointState.load, endpoint)
        assert endpoint.is_active
        assert "on its way" in said(await run(DeliveriesState.test, page))
        assert [(one.event, one.status) for one in page.rows] == [("Test", "pending")]
        async with hearing(TOPIC) as news:
            await deliver_due()
            await asyncio.wait_for(news.get(), 10)
        await run(DeliveriesState.load, page)
        assert [(one.event, one.status) for one in page.rows] == [("Test", "delivered")]
        async with transaction() as session:
            await change_endpoint(session, SYSTEM, made.endpoint.id, {"is_active": False})
        await run(EndpointState.load, endpoint)
        assert not endpoint.is_active
        assert "paused" in said(await run(DeliveriesState.test, page))


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
    await run(WebhooksState.change, state, {"url": "https://theirs.example.com/", "tell.send.bounced": "on"})
    page = await Tab(f"/settings/webhooks/{own}", other).state(DeliveriesState)
    await run(DeliveriesState.load, page)
    assert page.rows == []
    await run(DeliveriesState.test, page)
    async with transaction() as session:
        left = await session.execute(text("SELECT url, is_active FROM webhook_endpoints"))
        assert left.all() == [("https://hooks.example.com/a", True)]
        told = await session.execute(text("SELECT count(*) FROM webhook_deliveries"))
        assert told.scalar_one() == 0
