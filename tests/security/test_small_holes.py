"""Holes that open little each: spelled paths, queries, links, codes, ports, cells; each tried as its finder did."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pyotp
import pytest
from sqlalchemy import text
from starlette.datastructures import Headers

from liquor_app.accounts.api_keys import create_api_key
from liquor_app.accounts.entry.access_links import find_link, make_link
from liquor_app.accounts.entry.sign_in import begin_attempt, finish_attempt
from liquor_app.accounts.entry.sign_in_attempts import CODES_FREE, FIRST_WAIT, LONGEST_WAIT
from liquor_app.accounts.models import LinkKind, Role
from liquor_app.accounts.permissions import SYSTEM
from liquor_app.api.etag import thing_of
from liquor_app.api.idempotency import once
from liquor_app.core.csv_cells import escape_formula, unescape_formula
from liquor_app.core.db import transaction
from liquor_app.core.errors import Invalid, TooMany
from liquor_app.core.security.outbound import check_port
from tests.api.client import PASSWORD, Client, address_of, is_problem
from tests.people import add_user

pytestmark = pytest.mark.integration
ID = "01890000-0000-7000-8000-00000000000a"


# --- cells ---


@pytest.mark.parametrize(
    "cell",
    [
        "=1+1", " =1+1", "\v=1+1", "\f=1+1", "\x1c=1+1", "\xa0=1+1", "\u3000=1+1", "\u200b=1+1", "\ufeff=1+1",
        "\n=1+1", ";=1+1", "; =1+1", ",=1+1", "|@SUM(1)", "\u200e+1+cmd", "＝1+1", "＋1", "－1", "＠SUM(1)", ";＝1",
        "\x00=1",
    ],
)  # fmt: skip
def test_no_form_of_a_formula_is_run(cell: str) -> None:
    escaped = escape_formula(cell)
    assert escaped == f"'{cell}"
    assert unescape_formula(escaped) == cell


@pytest.mark.parametrize("cell", ["", " ", ";", "Ale; Rye", "a=b", "O'Hara", "'=", "7 = seven", "Dow & Co."])
def test_other_cells_stay_as_they_are(cell: str) -> None:
    assert escape_formula(cell) == cell


# --- versions ---


async def test_every_spelling_of_a_thing_is_changed_one_by_one() -> None:
    def asked(said: str) -> Any:
        return SimpleNamespace(
            scope={"route": SimpleNamespace(path="/customers/{id}")}, path_params={"id": said},
            url=SimpleNamespace(path=f"/customers/{said}"),
        )  # fmt: skip

    spelled = (ID, ID.upper(), ID.replace("-", ""), f"{{{ID}}}", f"urn:uuid:{ID}")
    assert len({thing_of(asked(one)) for one in spelled}) == 1
    assert thing_of(asked(ID)) != thing_of(asked(ID.replace("a", "b")))


async def test_two_spellings_do_not_overwrite_one_another(manager: Client) -> None:
    made = (await manager.post("/customers", json={"email": "a@example.com", "name": "Ada One"})).json()["id"]
    tag = (await manager.get(f"/customers/{made}")).headers["etag"]
    spelled = (made, made.upper(), f"%{ord(made[0]):02x}{made[1:]}", made.replace("-", ""))
    answers = await asyncio.gather(
        *(
            manager.call("PATCH", f"/customers/{one}", json={"city": f"Bath {n}"}, headers={"If-Match": tag})
            for n, one in enumerate(spelled)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412]


# --- repeats ---


async def test_a_key_is_of_its_query_too(database: str) -> None:
    calls = []

    async def ask(query: str) -> Any:
        async def work(session: Any) -> dict[str, str]:
            calls.append(query)
            return {"asked": query}

        url = SimpleNamespace(path="/api/v1/things", query=query)
        request: Any = SimpleNamespace(headers=Headers({"Idempotency-Key": "k"}), method="POST", url=url)
        return await once(request, "user:x", dict[str, str], work, fingerprint="")

    assert (await ask("dry_run=true")).status_code == 201
    with pytest.raises(Invalid, match="another request"):
        await ask("dry_run=false")
    assert (await ask("dry_run=true")).headers["Idempotency-Replayed"] == "true"
    assert calls == ["dry_run=true"]


# --- links ---


async def test_a_reset_that_anybody_asks_for_ends_no_invitation(database: str) -> None:
    user = (await add_user(Role.USER)).id
    assert user is not None
    async with transaction() as session:
        invited = await make_link(session, user, LinkKind.INVITATION)
    async with transaction() as session:
        first = await make_link(session, user, LinkKind.RESET)
        second = await make_link(session, user, LinkKind.RESET)
        assert (await find_link(session, invited)).kind is LinkKind.INVITATION
        assert (await find_link(session, second)).kind is LinkKind.RESET
        with pytest.raises(Invalid):
            await find_link(session, first)
        renewed = await make_link(session, user, LinkKind.INVITATION)
        for ended in (invited, second):
            with pytest.raises(Invalid):
                await find_link(session, ended)
        assert (await find_link(session, renewed)).user_id == user


# --- codes ---


async def said(code: str, source: str) -> bool:
    """Whether they are in; the password is right each time."""
    async with transaction() as session:
        attempt = await begin_attempt(
            session, email=address_of(Role.USER), source=source, source_group=source, device=None
        )
    async with transaction() as session:
        return (await finish_attempt(session, attempt, True, code=code)).user is not None


async def test_codes_are_guessed_a_few_times_from_however_many_places(viewer: Client) -> None:
    begun = (await viewer.post("/users/me/two-steps", json={"current_password": PASSWORD})).json()
    codes = pyotp.TOTP(begun["secret"])
    done = await viewer.post("/users/me/two-steps/confirm", json={"code": codes.now()})
    recovery = done.json()["codes"]
    tried = 0
    for n in range(120):
        try:
            assert not await said("000000", f"198.51.{n}.7")
            tried += 1
        except TooMany:
            pass
    assert tried == CODES_FREE
    with pytest.raises(TooMany, match="wrong codes"):
        await said(recovery[0], "203.0.113.9")
    async with transaction() as session:
        locked = await session.execute(
            text("SELECT changes ->> 'in_a_row' FROM audit_log WHERE action = 'code.locked' ORDER BY at")
        )
        assert list(locked.scalars()) == [str(CODES_FREE)]
        await session.execute(text("UPDATE sign_in_attempts SET blocked_until = now() - interval '1 second'"))
    assert not await said("000000", "203.0.113.9")
    with pytest.raises(TooMany):
        await said(recovery[0], "203.0.113.9")
    async with transaction() as session:
        wait = await session.execute(text("SELECT max(blocked_until - last_at) FROM sign_in_attempts"))
        assert FIRST_WAIT < wait.scalar_one() <= LONGEST_WAIT + timedelta(seconds=1), "longer each time"
        await session.execute(text("UPDATE sign_in_attempts SET blocked_until = now() - interval '1 second'"))
    assert await said(recovery[0], "203.0.113.9"), "who waits is let in"
    assert not await said("000000", "203.0.113.9")
    assert await said(recovery[1], "203.0.113.9"), "and begins anew"


# --- ports ---


@pytest.mark.parametrize("url", ["https://a.example/", "https://a.example:443/x", "https://a.example:8443/"])
def test_webhooks_go_where_webhooks_are_taken(url: str) -> None:
    check_port(url, "url")


@pytest.mark.parametrize("port", [22, 25, 3306, 5432, 6379, 8080, 9200, 11211, 65535])
async def test_other_ports_are_not_asked(admin: Client, port: int) -> None:
    body = {"url": f"https://hooks.example.com:{port}/", "events": ["customer.created"]}
    is_problem(await admin.post("/webhook-endpoints", json=body), 422, "rule.value", "url")
    made = (await admin.post("/webhook-endpoints", json={**body, "url": "https://hooks.example.com/"})).json()
    changed = await admin.patch(f"/webhook-endpoints/{made['endpoint']['id']}", json={"url": body["url"]})
    is_problem(changed, 422, "rule.value", "url")


# --- the door for the first user ---


async def refusals() -> list[tuple[str, str]]:
    async with transaction() as session:
        found = await session.execute(
            text("SELECT action, actor_kind FROM audit_log WHERE action LIKE '%.refused' ORDER BY at, id")
        )
        return [(action, kind) for action, kind in found]


async def test_every_refusal_at_the_first_door_is_recorded(anybody: Client, manager: Client) -> None:
    body = {"email": "new@example.com", "password": "correct horse battery", "full_name": "N", "setup_code": "x"}
    is_problem(await anybody.post("/auth/register", json=body), 403, "forbidden")
    assert await refusals() == [("setup.refused", "stranger")]
    is_problem(await manager.post("/auth/register", json=body), 403, "forbidden")
    async with transaction() as session:
        key = await create_api_key(session, SYSTEM, name="till", role=Role.ADMIN)
    program = Client(anybody.http, {"Authorization": f"Bearer {key}"})
    is_problem(await program.post("/auth/register", json=body), 403, "forbidden")
    assert (await refusals())[1:] == [("access.refused", "user"), ("api_key.refused", "stranger")]
