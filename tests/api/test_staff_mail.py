"""Links for people of the shop, mailed by a provider that speaks Mailgun's HTTP here: the right person gets it, once,
and its token stands nowhere else."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import text

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM, Actor, ActorKind
from liquor_app.core.clock import now, travel
from liquor_app.core.config import get_settings
from liquor_app.core.db import transaction
from liquor_app.organization.models import Channel
from liquor_app.providers.service import configure_channel
from liquor_app.screens.accounts.team.state import TeamState
from liquor_app.sending.stop_all import stop_all_sending
from tests.api.client import PASSWORD, Client, is_problem
from tests.api.test_passkeys import added, our_device
from tests.factories import open_shop
from tests.providers.servers import API_KEY, DOMAIN, House, standing
from tests.sign_ups import work
from tests.tabs import Tab, run

pytestmark = pytest.mark.integration

FRESH = "tundra oboe kestrel 7"
ALL_TEXT = "SELECT string_agg(CAST({0} AS text), '') FROM {0}"
TABLES = ("jobs", "audit_log", "access_links", "notifications", "idempotency_keys", "outbox_messages")


@pytest.fixture
async def house(anybody: Client) -> AsyncIterator[House]:
    """Mailgun, here."""
    house = House()
    async with standing(house) as base:
        mailgun = {"domain": DOMAIN, "api_key": API_KEY, "base_url": base}
        async with transaction() as session:
            await open_shop(session)
            await configure_channel(session, SYSTEM, Channel.EMAIL, "mailgun", config=mailgun)
        yield house


def tokens_to(house: House, address: str) -> list[str]:
    """Of each letter to somebody the link's token, the same in both parts."""
    found = []
    for one in house.by_recipient.get(address, []):
        mail = house.mails[one]
        (token,) = set(re.findall(r"/welcome\?token=([\w.~-]+)", mail.text))
        assert token in mail.html
        assert mail.headers.get("Auto-Submitted", "auto-generated") == "auto-generated"
        assert not re.search("unsubscribe", mail.text + mail.html, re.I), "it is no marketing"
        found.append(token)
    return found


async def stands_nowhere(token: str) -> None:
    async with transaction() as session:
        for table in TABLES:
            assert token not in ((await session.execute(text(ALL_TEXT.format(table)))).scalar() or ""), table


async def test_an_invitation_goes_to_whom_it_is_for_and_is_shown_to_nobody(
    admin: Client, anybody: Client, house: House
) -> None:
    made = await admin.post("/users", json={"email": "nia@example.com", "role": "manager"})
    assert (made.status_code, made.json()["link"]) == (201, ""), "not even to the admin who asked them in"
    await work()
    (token,) = tokens_to(house, "nia@example.com")
    await stands_nowhere(token)
    (mail,) = house.mails.values()
    assert "good for 7 days" in mail.text
    chosen = await anybody.post("/auth/password", json={"token": token, "password": FRESH})
    assert chosen.status_code == 200
    again = await anybody.post("/auth/password", json={"token": token, "password": FRESH})
    is_problem(again, 422, "rule.value", "token")


async def test_whoever_forgot_is_mailed_once_in_ten_minutes_and_strangers_learn_nothing(
    anybody: Client, house: House
) -> None:
    for email in ("user@example.com", "nobody@example.com", "USER@example.com", "user@example.com"):
        answer = await anybody.post("/auth/forgotten", json={"email": email})
        assert (answer.status_code, answer.text) == (202, "")
        await work()
    (token,) = tokens_to(house, "user@example.com")
    assert list(house.by_recipient) == ["user@example.com"]
    await stands_nowhere(token)
    with travel(now() + timedelta(hours=2, minutes=1)):
        late = await anybody.post("/auth/password", json={"token": token, "password": FRESH})
        is_problem(late, 422, "rule.value", "token")
    chosen = await anybody.post("/auth/password", json={"token": token, "password": FRESH})
    assert chosen.status_code == 200
    entered = await anybody.post("/auth/login", json={"email": "user@example.com", "password": FRESH})
    assert entered.status_code == 200
    is_problem(
        await anybody.post("/auth/login", json={"email": "user@example.com", "password": PASSWORD}),
        401, "unauthenticated",
    )  # fmt: skip


@pytest.mark.parametrize("meanwhile", ["let go", "sending stopped"])
async def test_what_changed_before_the_mail_left_counts(
    admin: Client, anybody: Client, house: House, meanwhile: str
) -> None:
    await anybody.post("/auth/forgotten", json={"email": "user@example.com"})
    async with transaction() as session:
        if meanwhile == "let go":
            await session.execute(text("UPDATE users SET is_active = false WHERE email = 'user@example.com'"))
        else:
            await stop_all_sending(session, SYSTEM)
    await work()
    assert house.mails == {}
    async with transaction() as session:
        assert (await session.execute(text("SELECT count(*) FROM access_links"))).scalar_one() == 0


async def test_what_changed_of_an_account_is_told_to_whose_it_is(
    admin: Client, viewer: Client, anybody: Client, house: House
) -> None:
    """By the bell and by mail, whoever did it: nobody else is told, and no word of whoever did it is in it."""
    device = our_device()
    kept = await added(viewer, device)
    await viewer.patch(f"/users/me/passkeys/{kept['id']}", json={"name": "call +1 207 200 0042"})
    assert (await viewer.delete(f"/users/me/passkeys/{kept['id']}")).status_code == 204
    await viewer.patch("/users/me", json={"full_name": "Vera"})
    await viewer.patch("/users/me", json={"current_password": PASSWORD, "password": FRESH})
    me = (await admin.get("/users?search=user@example.com")).json()["items"][0]["id"]
    assert (await admin.patch(f"/users/{me}", json={"role": "manager"})).status_code == 200
    assert (await admin.patch(f"/users/{me}", json={"role": "manager"})).status_code == 200
    assert (await admin.post("/api-keys", json={"name": "Till", "role": "user"})).status_code == 201
    await work()
    told = [
        "A passkey was added to your account", "A passkey was removed from your account", "Your password was changed",
        "You have another role now",
    ]  # fmt: skip
    assert [house.mails[one].subject for one in house.by_recipient["user@example.com"]] == told
    assert [house.mails[one].subject for one in house.by_recipient["admin@example.com"]] == ["You made an API key"]
    for one in house.by_recipient["user@example.com"]:
        mail = house.mails[one]
        assert f"{get_settings().base_url}/profile" in mail.text
        assert "choose another password" in mail.text
        assert "+1 207" not in mail.text + mail.html
    assert "Done in your name, " in house.mails[house.by_recipient["user@example.com"][0]].text
    assert "Done by admin@example.com, " in house.mails[house.by_recipient["user@example.com"][-1]].text
    async with transaction() as session:
        rung = await session.execute(
            text("SELECT n.title FROM notifications n WHERE n.user_id = :me ORDER BY n.id"), {"me": me}
        )
        assert list(rung.scalars()) == told


async def test_the_bell_alone_tells_where_no_mail_leaves(admin: Client, viewer: Client) -> None:
    """And nobody who was let go is told anything."""
    await added(viewer, our_device())
    await work()
    async with transaction() as session:
        assert (await session.execute(text("SELECT title FROM notifications"))).scalars().all() == [
            "A passkey was added to your account"
        ]
    await viewer.patch("/users/me", json={"current_password": PASSWORD, "password": FRESH})
    me = (await admin.get("/users?search=user@example.com")).json()["items"][0]["id"]
    assert (await admin.patch(f"/users/{me}", json={"is_active": False})).status_code == 200
    await work()
    async with transaction() as session:
        assert (await session.execute(text("SELECT count(*) FROM notifications"))).scalar_one() == 1
        assert (await session.execute(text("SELECT count(*) FROM outbox_messages"))).scalar_one() == 0


async def test_a_mail_that_is_refused_is_told_and_the_link_handed_over(admin: Client, house: House) -> None:
    house.plan = [401]
    made = await admin.post("/users", json={"email": "nia@example.com"})
    await work()
    assert house.mails == {}
    async with transaction() as session:
        told = await session.execute(
            text("SELECT u.email, n.title, n.body FROM notifications n JOIN users u ON u.id = n.user_id")
        )
        ((who, title, body),) = told.all()
    assert (who, title) == ("admin@example.com", "A link to sign in was not mailed")
    assert body.startswith("nia@example.com did not get it: ")
    async with transaction() as session:
        actor = await session.execute(text("SELECT id FROM users WHERE email = 'admin@example.com'"))
    state = await Tab("/settings/users", Actor(ActorKind.USER, actor.scalar_one(), "Ada", Role.ADMIN)).state(TeamState)
    await run(TeamState.load, state)
    assert state.by_mail
    await run(TeamState.ask, state, "show_link", made.json()["user"]["id"])
    await run(TeamState.show_new_link, state)
    shown = state.link
    handed = await admin.post(f"/users/{made.json()['user']['id']}/link?by_mail=false")
    assert "/welcome?token=" in shown
    assert "/welcome?token=" in handed.json()["link"]
    assert shown != handed.json()["link"], "the older one ends"
    await work()
    assert house.mails == {}
