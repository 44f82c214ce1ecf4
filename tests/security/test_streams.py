"""What a tab or a socket is still told after its session ended, its person was deactivated or got another role."""

from __future__ import annotations

import ast
import asyncio
from typing import Any
from uuid import UUID

import pytest
from reflex_base.registry import RegistrationContext
from sqlalchemy import text

from liquor_app.accounts.models import Role
from liquor_app.accounts.sessions import close_session, open_session
from liquor_app.accounts.users import get_user
from liquor_app.core.config import PROJECT_ROOT
from liquor_app.core.db import transaction
from liquor_app.core.pubsub import publish
from liquor_app.liquor_app import app
from liquor_app.organization.service import notify
from liquor_app.screens.session import background
from liquor_app.screens.session.state import EntryState
from tests.api.client import Client, address_of
from tests.security.wire import Tab, Wire, quiet, running
from tests.sources import parsed, reads_sources

pytestmark = pytest.mark.integration

BACKGROUND = sorted(
    (name, registered.handler.fn)
    for name, registered in RegistrationContext.get().event_handlers.items()
    if registered.handler.is_background
)
TO_SIGN_IN = "/login?next="


async def cookie_for(role: Role) -> tuple[UUID, str]:
    async with transaction() as session:
        found = await session.execute(text("SELECT id FROM users WHERE email = :email"), {"email": address_of(role)})
        user = await get_user(session, found.scalar_one())
        assert user is not None
        return user.id, await open_session(session, user, ip=None, user_agent=None)


async def revoke(user_id: UUID, cookie: str) -> None:
    async with transaction() as session:
        await close_session(session, cookie)


async def deactivate(user_id: UUID, cookie: str) -> None:
    async with transaction() as session:
        await session.execute(text("UPDATE users SET is_active = false WHERE id = :id"), {"id": user_id})


async def expire(user_id: UUID, cookie: str) -> None:
    async with transaction() as session:
        await session.execute(text("UPDATE browser_sessions SET expires_at = now() - interval '1 second'"))


async def demote(user_id: UUID, cookie: str) -> None:
    async with transaction() as session:
        await session.execute(text("UPDATE users SET role = 'user' WHERE id = :id"), {"id": user_id})


async def opened(wire: Wire, path: str, role: Role = Role.MANAGER) -> tuple[Tab, UUID, str]:
    """A signed-in tab whose page has been loaded."""
    user_id, cookie = await cookie_for(role)
    tab = await wire.connect(path, cookie)
    await tab.until('is_hydrated_rx_state_": true')
    return tab, user_id, cookie


async def hint(topic: str) -> None:
    async with transaction() as session:
        publish(session, topic, {})


async def test_a_stream_tells_while_the_session_lasts(wire: Wire, anybody: Client) -> None:
    tab, _, _ = await opened(wire, "/")
    async with transaction() as session:
        await notify(session, title="Zenobia bought")
    await tab.until("Zenobia bought")


@pytest.mark.parametrize("end", [revoke, deactivate, expire])
async def test_nothing_is_pushed_once_the_session_is_over(wire: Wire, anybody: Client, end: Any) -> None:
    """Without any news of it, only the hint of something new: what comes is the way to sign in, and empty fields."""
    tab, user_id, cookie = await opened(wire, "/")
    async with transaction() as session:
        await notify(session, title="Before")
    await tab.until("Before")
    await end(user_id, cookie)
    since = len(tab.heard)
    async with transaction() as session:
        await notify(session, title="Zenobia bought")
    await hint("dashboard")
    await tab.until(TO_SIGN_IN, since)
    await asyncio.sleep(0.5)
    assert "Zenobia" not in tab.text(since)
    assert "Before" not in tab.text(since)


async def test_a_new_role_loads_the_page_anew(wire: Wire, anybody: Client) -> None:
    tab, user_id, cookie = await opened(wire, "/")
    await demote(user_id, cookie)
    since = len(tab.heard)
    await hint("notifications")
    await tab.until("location.reload()", since)


async def test_signing_out_ends_the_streams_of_every_tab_at_once(wire: Wire, anybody: Client) -> None:
    tab, user_id, cookie = await opened(wire, "/")
    other = await wire.connect("/campaigns", cookie)
    await other.until('is_hydrated_rx_state_": true')
    assert running() >= 4
    await revoke(user_id, cookie)
    for one in (tab, other):
        await one.until(TO_SIGN_IN, seconds=background.CHECK_SECONDS / 2)
    await quiet(2)


async def test_a_quiet_stream_is_read_again_every_few_seconds(
    wire: Wire, anybody: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background, "CHECK_SECONDS", 0.3)
    tab, user_id, cookie = await opened(wire, "/")
    await deactivate(user_id, cookie)  # nobody tells
    await tab.until(TO_SIGN_IN, seconds=2)
    await quiet(2)


@pytest.mark.parametrize(("name", "function"), BACKGROUND, ids=[name for name, _ in BACKGROUND])
async def test_every_background_event_goes_through_the_door(
    wire: Wire, anybody: Client, name: str, function: Any
) -> None:
    """Whatever Reflex runs in the background: for nobody it does nothing, and it does not outlive the session."""
    assert getattr(function, background.MARK, False), f"{name}: use @background of screens/session/background.py"
    campaign = f"/campaigns/{UUID(int=7)}"
    tab, user_id, cookie = await opened(wire, campaign)
    payload: dict[str, Any] = {"rules": {"all": []}} if "rules" in function.__annotations__ else {}
    await wire.namespace.on_event(tab.sid, tab.event(name, **payload))
    await asyncio.sleep(0.05)
    await revoke(user_id, cookie)
    await quiet(5)
    assert TO_SIGN_IN in tab.text()


@reads_sources
def test_no_stream_is_made_elsewhere() -> None:
    """`rx.event(background=True)` is written in one place."""
    found = []
    for path in (PROJECT_ROOT / "liquor_app").rglob("*.py"):
        for node in ast.walk(parsed(path.read_text())):
            if not isinstance(node, ast.Call) or not ast.unparse(node.func).endswith("event"):
                continue
            if any(keyword.arg == "background" for keyword in node.keywords):
                found.append(path.relative_to(PROJECT_ROOT).as_posix())
    assert found == ["liquor_app/screens/session/background.py"]
    assert len(BACKGROUND) >= 12


async def test_a_thief_with_the_tabs_token_finds_it_empty(wire: Wire, anybody: Client) -> None:
    """The token lies in the browser's session storage. Whoever has it but no cookie asks for a small part first, then
    for all."""
    tab, _, _ = await opened(wire, "/")
    async with transaction() as session:
        await notify(session, title="Zenobia bought")
    await tab.until("Zenobia bought")
    await tab.leave()
    thief = await wire.connect("/login", token=tab.token, boots=False)
    await thief.send(EntryState.load)
    await quiet()
    await thief.send(app._state.event_handlers["hydrate"])
    await asyncio.sleep(0.5)
    assert "Zenobia" not in thief.text()
