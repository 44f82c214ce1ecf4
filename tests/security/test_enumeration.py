"""Everything that comes in from outside, by everybody there is: each route, socket, page's event, job and command does
for each caller what the permission table says. One that says nothing of its permission is nobody's, and passes no
guard (`tests/guards/test_permission_table.py`). Routes that ask nobody who they are: `test_open_routes.py`."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from inspect import Parameter, signature
from typing import Any
from uuid import UUID

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute, APIWebSocketRoute
from reflex_base.registry import RegistrationContext
from sqlalchemy import text

from liquor_app.accounts.api_keys import create_api_key, revoke_api_key
from liquor_app.accounts.job_rights import with_rights
from liquor_app.accounts.key_areas import SCOPES, holds
from liquor_app.accounts.models import Role
from liquor_app.accounts.permission_table import JOBS, TABLE, Permission, needed
from liquor_app.accounts.permissions import SYSTEM, Actor, ActorKind, may
from liquor_app.accounts.sessions import close_session
from liquor_app.accounts.tokens import KEY_PREFIX
from liquor_app.commands.kit import permitted
from liquor_app.core.db import transaction
from liquor_app.core.errors import Forbidden
from liquor_app.core.ids import uuid7
from liquor_app.core.queue import Job, JobContext
from liquor_app.rest.kit.authentication import CurrentActor
from liquor_app.rest.routers import AT_ROOT, ROUTERS
from liquor_app.screens.campaigns.list.state import CampaignsState
from tests.api.client import Client, is_problem, whole_api
from tests.api.test_sockets import app, connect, token_of
from tests.security.test_every_event import odd_values, settled
from tests.security.test_streams import cookie_for, opened
from tests.security.wire import Tab, Wire
from worker.settings import TASKS

__all__ = ["app"]
pytestmark = pytest.mark.integration

NOBODYS_ID = "01890000-0000-7000-8000-000000000001"
REFUSED = ("This needs the role", "This key may not", "Nobody may do this")


def routes() -> Iterator[tuple[APIRoute, str, str]]:
    """Every route, its method, and its path with made-up ids."""
    for router in (*ROUTERS, *AT_ROOT):
        for route in router.routes:
            if isinstance(route, APIRoute) and not route.endpoint.__module__.startswith("liquor_app.api."):
                path = route.path
                for part in [part for part in path.split("/") if part.startswith("{")]:
                    path = path.replace(part, "1" if part == "{version}" else NOBODYS_ID)
                yield from ((route, method, path) for method in sorted(route.methods))


def asks(route: APIRoute) -> bool:
    return "current_actor" in str([one.call for one in route.dependant.dependencies])


ASKING = [one for one in routes() if asks(one[0])]


async def outcomes(client: Client, chosen: list[tuple[APIRoute, str, str]]) -> dict[tuple[str, str], tuple[int, str]]:
    """What each route answered: status, and the words of a refusal."""
    found = {}
    for _, method, path in chosen:
        answer = await client.call(method, path, json={} if method in {"POST", "PATCH", "PUT"} else None)
        words = answer.text if answer.status_code in (401, 403) else ""
        found[method, path] = (answer.status_code, next((one for one in REFUSED if one in words), ""))
    return found


async def key_of(client: Client, role: Role, areas: tuple[str, ...] = ()) -> tuple[Client, UUID]:
    async with transaction() as session:
        secret = await create_api_key(session, SYSTEM, name=f"{role}", role=role, areas=areas)
        row = await session.execute(text("SELECT id FROM api_keys ORDER BY created_at DESC, id DESC LIMIT 1"))
        return Client(client.http, {"X-API-Key": secret}), row.scalar_one()


# --- routes ---


def test_every_route_says_what_it_takes() -> None:
    silent = [f"{method} {path}" for route, method, path in routes() if needed(route.endpoint) is None]
    assert silent == [], "@needs(Permission.X) right above the function"
    assert len(ASKING) > 200
    for route, method, path in routes():
        permission = needed(route.endpoint)
        assert permission is not None
        if not asks(route) and permission is not Permission.OWN_ACCOUNT:  # a form reads the session itself
            assert TABLE[permission].role is None, f"{method} {path} asks nobody who they are"


def test_what_only_reads_takes_no_right_to_write() -> None:
    for route, method, path in ASKING:
        permission = needed(route.endpoint)
        assert permission is not None
        if method != "GET" and TABLE[permission].way == "read":
            # a file or a ticket is asked for by POST, and a text is shown, or a question answered, that nobody keeps
            assert path.endswith(("/ask", "/export", "/personal-data", "/preview", "/socket-tickets")), (
                f"{method} {path} takes {permission}"
            )


async def test_nobody_is_answered(anybody: Client) -> None:
    for place, (status, _) in (await outcomes(anybody, ASKING)).items():
        assert status == 401, place


@pytest.mark.parametrize("role", Role)
async def test_people_by_their_role(admin: Client, manager: Client, viewer: Client, role: Role) -> None:
    client = {Role.ADMIN: admin, Role.MANAGER: manager, Role.USER: viewer}[role]
    actor = Actor(ActorKind.USER, uuid7(), "x", role)
    found = await outcomes(client, ASKING)
    for route, method, path in ASKING:
        permission = needed(route.endpoint)
        assert permission is not None
        status, refusal = found[method, path]
        if may(actor, permission):
            assert not refusal, f"{method} {path} as {role}: {status} {refusal}"
            assert status != 401
        else:
            assert (status, refusal) == (403, REFUSED[0]), f"{method} {path} as {role}"


async def test_a_session_that_ended_and_a_key_that_was_revoked(admin: Client, anybody: Client) -> None:
    program, key_id = await key_of(anybody, Role.ADMIN)
    async with transaction() as session:
        await revoke_api_key(session, SYSTEM, key_id)
    assert (await admin.post("/auth/logout")).status_code == 204
    for client in (program, admin):
        for place, (status, _) in (await outcomes(client, ASKING)).items():
            assert status == 401, place


@pytest.mark.parametrize("role", [Role.USER, Role.MANAGER])
async def test_a_key_has_a_role_like_anybody(anybody: Client, role: Role) -> None:
    program, key_id = await key_of(anybody, role)
    actor = Actor(ActorKind.API_KEY, key_id, "x", role)
    found = await outcomes(program, ASKING)
    for route, method, path in ASKING:
        permission = needed(route.endpoint)
        assert permission is not None
        if not may(actor, permission):
            assert found[method, path] == (403, REFUSED[0]), f"{method} {path}"


def one_for_each_permission() -> list[tuple[APIRoute, str, str]]:
    """A route for each permission, the same each time."""
    chosen: dict[Permission, tuple[APIRoute, str, str]] = {}
    for route, method, path in sorted(ASKING, key=lambda one: (one[2], one[1])):
        permission = needed(route.endpoint)
        assert permission is not None
        chosen.setdefault(permission, (route, method, path))
    return list(chosen.values())


async def test_keys_of_each_scope(anybody: Client) -> None:
    """Each scope there is, as an admin's: a route for each permission of its own area, and for some of the others, each
    of which is tried with several."""
    wrong, tried, every = [], 0, one_for_each_permission()
    for number, scope in enumerate(SCOPES):
        program, _ = await key_of(anybody, Role.ADMIN, (scope,))
        area = scope.partition(":")[0]
        own = [one for one in every if TABLE[needed(one[0].endpoint) or Permission.APP].area == area]
        others = [one for one in every if one not in own]
        chosen = {one[1:]: one for one in (*own, *others[number % 8 :: 8])}
        found = await outcomes(program, list(chosen.values()))
        for place, (route, _, _) in chosen.items():
            permission = needed(route.endpoint)
            assert permission is not None
            tried += 1
            if holds((scope,), permission) is (found[place][1] == REFUSED[1]):
                wrong.append((scope, permission, *place, *found[place]))
    assert wrong == []
    assert tried > 250


async def test_a_route_that_says_nothing_is_nobodys(admin: Client) -> None:
    """Planted: an admin asks a route without a permission."""
    router, planted = APIRouter(), FastAPI()

    @router.get("/api/v1/planted")
    async def forgotten(actor: CurrentActor) -> str:
        return "in"

    whole = whole_api()
    before = list(whole.router.routes)
    planted.include_router(router)
    whole.router.routes.insert(0, planted.router.routes[-1])
    try:
        is_problem(await admin.get("/planted"), 403, "forbidden")
    finally:
        whole.router.routes[:] = before


# --- sockets ---


SOCKETS = [one for router in AT_ROOT for one in router.routes if isinstance(one, APIWebSocketRoute)]


async def answered(app: FastAPI, path: str, token: str) -> int:
    """The code a socket is closed with; 0 where it tells something or waits for news."""
    async with connect(app, path, ("authorization", f"Bearer {token}")) as socket:
        try:
            event = await asyncio.wait_for(socket.from_app.get(), 1)
        except TimeoutError:
            return 0
        return int(event["code"]) if event["type"] == "websocket.close" else 0


@pytest.mark.parametrize("route", SOCKETS, ids=lambda route: route.path)
async def test_sockets(app: FastAPI, anybody: Client, viewer: Client, route: APIWebSocketRoute) -> None:
    permission = needed(route.endpoint)
    assert permission is not None, "@needs(Permission.X) right above the function"
    path = route.path.replace("{id}", NOBODYS_ID)
    known = {0, 4404}  # there is no such campaign
    assert await answered(app, path, "nonsense") == 4401
    assert await answered(app, path, KEY_PREFIX + "nonsense") == 4401
    assert await answered(app, path, token_of(viewer)) in known
    for scope in SCOPES:
        program, _ = await key_of(anybody, Role.USER, (scope,))
        code = await answered(app, path, program.headers["X-API-Key"])
        assert code in known if holds((scope,), permission) else code == 4403, scope
    assert (await viewer.post("/auth/logout")).status_code == 204
    assert await answered(app, path, token_of(viewer)) == 4401


# --- events of pages ---


HANDLERS = {
    name: registered.handler
    for name, registered in RegistrationContext.get().event_handlers.items()
    if ".liquor_app___" in name and not name.endswith(".setvar")
}


def argued(handler: Any) -> dict[str, Any]:
    hints = handler._type_hints or {}
    taken = list(signature(handler.fn).parameters.items())[1:]
    return {key: odd_values(hints.get(key, str), 0) for key, one in taken if one.default is Parameter.empty}


async def refusals(who: UUID) -> set[str]:
    async with transaction() as session:
        found = await session.execute(
            text("SELECT changes ->> 'what' FROM audit_log WHERE action = 'access.refused' AND actor_id = :who"),
            {"who": who},
        )
        return set(found.scalars())


async def told(tab: Tab, words: str, times: int, since: int) -> None:
    """Wait until a tab was told something that many times; and no oftener."""
    async with asyncio.timeout(120):
        while sum(words in str(one) for one in tab.heard[since:]) < times:  # noqa: ASYNC110
            await asyncio.sleep(0.2)
    await settled()
    assert sum(words in str(one) for one in tab.heard[since:]) == times


@pytest.mark.parametrize("role", Role)
async def test_events_by_the_role_of_whoever_sits_there(wire: Wire, anybody: Client, role: Role) -> None:
    """What the table keeps from a role is refused, each event of it, and the first of them are recorded."""
    tab, user_id, _ = await opened(wire, "/campaigns", role)
    actor = Actor(ActorKind.USER, user_id, "x", role)
    kept = [name for name, one in HANDLERS.items() if not may(actor, needed(one.fn) or Permission.ENTER)]
    assert (len(kept) > 100) is (role is Role.USER)
    assert (kept == []) is (role is Role.ADMIN)
    since = len(tab.heard)
    for name in kept:
        await wire.namespace.on_event(tab.sid, tab.event(name, **argued(HANDLERS[name])))
    await told(tab, REFUSED[0], len(kept), since)
    recorded = await refusals(user_id)
    assert recorded <= {HANDLERS[name].fn.__qualname__ for name in kept}
    assert bool(recorded) is bool(kept)


async def test_events_of_somebody_who_was_signed_out(wire: Wire, anybody: Client) -> None:
    """Whatever is sent, the tab is shown the way to sign in, and nothing else."""
    tab, user_id, cookie = await opened(wire, "/campaigns", Role.ADMIN)
    async with transaction() as session:
        await close_session(session, cookie)
    await tab.until("&told=ended")  # the page they land on says why
    await settled()
    asking = {  # what many pages inherit is tried on one of them
        one.fn.__qualname__: (name, one)
        for name, one in HANDLERS.items()
        if TABLE[needed(one.fn) or Permission.ENTER].role is not None
    }
    since = len(tab.heard)
    for name, handler in asking.values():
        await wire.namespace.on_event(tab.sid, tab.event(name, **argued(handler)))
    await told(tab, "/login?next=", len(asking), since)
    assert await refusals(user_id) == set()


async def test_an_event_that_says_nothing_is_nobodys(
    wire: Wire, anybody: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted: an admin calls an event whose permission was forgotten."""
    tab, user_id, _ = await opened(wire, "/campaigns", Role.ADMIN)
    handler = next(one for name, one in HANDLERS.items() if "campaigns_state" in name and name.endswith(".search"))
    monkeypatch.delattr(handler.fn, "liquor_permission")
    await tab.send(CampaignsState.search, query="x")
    await tab.until("Nobody may do this.")
    assert await refusals(user_id) == {handler.fn.__qualname__}


# --- jobs ---


@pytest.fixture
async def people(anybody: Client) -> dict[Role, UUID]:
    return {role: (await cookie_for(role))[0] for role in Role}


def test_a_job_that_says_nothing_does_not_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: the worker is not even started."""
    monkeypatch.setattr("liquor_app.accounts.job_rights.JOBS", {})
    with pytest.raises(KeyError):
        with_rights({Job.ROLL_UP: TASKS[Job.ROLL_UP]})


@pytest.mark.parametrize("job", [job for job, permission in JOBS.items() if permission])
async def test_jobs_by_whoever_asked(anybody: Client, people: dict[Role, UUID], job: Job) -> None:
    """Asked when it begins: by their role of now, not at all once they are let go, and never for a revoked key."""
    permission, begun = JOBS[job], []
    assert permission is not None

    async def task(context: JobContext) -> None:
        begun.append(context.args.get("who"))

    run = with_rights({job: task})[job]
    for role, user_id in people.items():
        context = JobContext(uuid7(), job, {"who": role}, 1, user_id)
        if may(Actor(ActorKind.USER, user_id, "x", role), permission):
            await run(context)
        else:
            with pytest.raises(Forbidden, match="needs the role"):
                await run(context)
    await run(JobContext(uuid7(), job, {"who": "system"}, 1, None))
    assert begun == [*(role for role in people if role in TABLE[permission].roles), "system"]
    _, key_id = await key_of(anybody, Role.ADMIN)
    by_key = JobContext(uuid7(), job, {"who": "key", "actor": ["api_key", str(key_id)]}, 1, None)
    await run(by_key)
    async with transaction() as session:
        await revoke_api_key(session, SYSTEM, key_id)
        await session.execute(text("UPDATE users SET is_active = false"))
    for context in (by_key, JobContext(uuid7(), job, {}, 1, people[Role.ADMIN])):
        with pytest.raises(Forbidden, match="may not act here any more"):
            await run(context)
    assert begun[-1] == "key"


# --- commands ---


def test_a_command_that_says_nothing_is_not_there() -> None:
    """Planted: the command line does not start with it."""
    with pytest.raises(ValueError, match="no permission"):
        permitted(lambda: None)
