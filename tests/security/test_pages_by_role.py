"""Every page × role: whoever it is for loads it without a refusal; the others are told whose it is, load nothing, and
are offered no way to it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import reflex as rx
from sqlalchemy import text

from liquor_app.accounts.models import Role
from liquor_app.accounts.permission_table import TABLE, Permission, needed
from liquor_app.accounts.permissions import Actor, ActorKind, may
from liquor_app.core.db import transaction
from liquor_app.core.ids import uuid7
from liquor_app.liquor_app import PAGES
from liquor_app.screens.session.state import SessionState
from liquor_app.screens.shell.places import know_places, places_named
from liquor_app.screens.shell.view import slots
from liquor_app.ui.frame.closed_page import whose
from liquor_app.ui.frame.page_spec import Page
from liquor_app.ui.frame.shell import shell
from tests.api.client import Client, whole_api
from tests.tabs import Tab, run, said

OURS = tuple(page for page in PAGES if not page.bare)
CLOSED = tuple(page for page in OURS if page.roles)
ROLE = re.compile(r"\[([^\]]*)\]\.includes\(\w*session_state\.role_rx_state_\)")
each_role = pytest.mark.parametrize("role", list(Role), ids=str)


def shown(node: Any, role: Role) -> Iterator[dict[str, Any]]:
    """What is drawn for a role; what hangs on anything else counts as drawn."""
    if isinstance(node, list):
        for one in node:
            yield from shown(one, role)
    elif isinstance(node, dict):
        if "cond_state" in node:
            told = str(node["cond_state"])
            theirs = [f'"{role.value}"' in found for found in ROLE.findall(told)]
            if told.startswith("pyOr(") and "role_rx_state_?.valueOf" in told:  # or nobody is known yet
                theirs = theirs[:1]
            if theirs and not told.startswith("!"):
                yield from shown(node["true_value" if all(theirs) else "false_value"], role)
                return
        yield node
        for key, value in node.items():
            if key != "props" and isinstance(value, dict | list):
                yield from shown(value, role)


def ways(node: Any, role: Role) -> set[str]:
    """Addresses a role is offered, by link or by button."""
    told = "\n".join(str(prop) for one in shown(node, role) for prop in one.get("props", []))
    found = re.findall(r'(?:href|to):"(/[^"?#]*)', told)
    return {*found, *re.findall(r'"path"\]? ?: ?"(/[^"?#]*)', told)}


def is_for(page: Page, role: Role) -> bool:
    return not page.roles or role.value in page.roles


@pytest.mark.parametrize("page", OURS, ids=[page.route for page in OURS])
def test_nobody_is_offered_what_is_not_for_them(page: Page) -> None:
    drawn = shell(page, PAGES, slots()).render()
    routes = {re.compile(re.sub(r"\[\w+\]", "[^/]+", one.route) + "$"): one for one in PAGES}
    wrong = []
    for role in Role:
        for address in ways(drawn, role):
            to = next((one for one in PAGES if one.route == address), None)
            to = to or next((one for pattern, one in routes.items() if pattern.match(address)), None)
            if to is not None and not is_for(to, role):
                wrong.append(f"{role}: {address}")
    assert wrong == []


def test_the_check_sees_a_way() -> None:
    from liquor_app.screens.session.role_controls import allowed

    link = rx.el.a("Audit", href="/settings/audit")
    assert ways(link.render(), Role.USER) == {"/settings/audit"}
    mine = allowed(Permission.AUDIT_READ, link).render()
    assert (ways(mine, Role.USER), ways(mine, Role.ADMIN)) == (set(), {"/settings/audit"})


@pytest.mark.parametrize("page", CLOSED, ids=[page.route for page in CLOSED])
def test_whoever_it_is_not_for_is_told_whose_it_is(page: Page) -> None:
    drawn = shell(page, PAGES, slots()).render()
    for role in Role:
        (main,) = [one for one in shown(drawn, role) if str(one.get("name")).strip('"') == "main"]
        words = " ".join(str(one["contents"]) for one in shown(main, role) if "contents" in one)
        told = f"{page.title} is not for your role" in words
        assert told is not is_for(page, role), role
        if told:
            assert f"It is for {whose(page.roles)}" in words
            assert ways(main, role), "a way back"


@each_role
@pytest.mark.integration
async def test_whoever_it_is_for_loads_it_and_the_others_nothing(anybody: Client, role: Role) -> None:
    actor = Actor(ActorKind.USER, uuid7(), "Vi", role)
    refused: list[str] = []
    async with transaction() as session:
        slug = (await session.execute(text("SELECT slug FROM segments ORDER BY position LIMIT 1"))).scalar_one()
    for page in OURS:
        address = re.sub(r"\[(\w+)\]", lambda found: slug if found[1] == "slug" else str(uuid7()), page.route)
        tab = Tab(address, actor)
        session_state = await tab.state(SessionState)
        own = page.on_load if isinstance(page.on_load, list) else [page.on_load]
        if page.roles:
            loads = await run(SessionState.open_page, session_state, page.route)
            assert (loads == own) if is_for(page, role) else (loads is None), page.route
        for event in own if is_for(page, role) else []:
            permission = needed(event.fn)
            assert permission is not None
            if not may(actor, permission):
                refused.append(f"{page.route}: {event.fn.__qualname__} needs {permission}")
            elif not event.is_background:
                answer = said(await run(event, await tab.state(event.state)))
                if "needs the role" in answer:
                    refused.append(f"{page.route}: {event.fn.__qualname__}")
    assert refused == []


SETTINGS = {
    "/settings/access": ("/settings/users", "/profile"),
    "/settings/brands": ("/settings/brand", "/settings/sign-up", "/settings/channels/carriers"),
    "/settings/brands/{id}": ("/settings/brand", "/settings/sign-up", "/settings/channels/carriers"),
    "/settings/channels": ("/settings/channels", "/settings"),
    "/settings/channels/senders": ("/settings/channels",),
    "/settings/compliance": ("/settings/law", "/settings"),
    "/settings/guidance": ("/settings/guidance",),
    "/settings/sign-up/{id}": ("/settings/sign-up",),
    "/settings/sign-up/{id}/carrier-kit": ("/settings/channels/carriers",),
    "/settings/templates": ("/templates",),
    "/settings/templates/{id}": ("/templates/[template_id]",),
    "/settings/templates/{id}/versions": ("/templates/[template_id]",),
    "/settings/templates/{id}/versions/{version}": ("/templates/[template_id]",),
}
"""What the API tells of a shop's settings, and the pages that show it."""
CLOSED_LISTS = {
    "/replies": "/replies", "/doubles": "/customers/doubles", "/suppressions": "/customers/suppressed",
    "/imports": "/customers/import", "/drop-folders": "/settings/drop-folders", "/drop-files": "/settings/drop-folders",
    "/audit": "/settings/audit", "/users": "/settings/users", "/api-keys": "/settings/api-keys",
    "/webhook-endpoints": "/settings/webhooks", "/webhook-endpoints/{id}": "/settings/webhooks/[endpoint_id]",
}  # fmt: skip
"""Lists with a page that is not for everybody."""


def test_the_api_tells_a_role_what_its_pages_show() -> None:
    """Neither more, which a page keeps from it, nor less."""
    told = {
        path.removeprefix("/api/v1"): Permission(ways["get"]["x-permission"])
        for path, ways in whole_api().openapi()["paths"].items()
        if "x-permission" in ways.get("get", {})
    }
    files = ("/export", "/file")
    assert {path for path in told if path.startswith("/settings/") and not path.endswith(files)} == set(SETTINGS)
    pages = {page.route: set(page.roles) or {role.value for role in Role} for page in OURS}
    wrong = {
        path: sorted(theirs ^ shown_to)
        for path, shown_on in {**SETTINGS, **{path: (page,) for path, page in CLOSED_LISTS.items()}}.items()
        for theirs, shown_to in [
            ({role.value for role in TABLE[told[path]].roles}, set().union(*(pages[page] for page in shown_on)))
        ]
        if theirs != shown_to
    }
    assert wrong == {}, "path → who is told by one of the two alone"


@each_role
def test_the_palette_names_no_page_of_others(role: Role) -> None:
    know_places(PAGES)
    for page in OURS:
        if "[" not in page.route:
            found = places_named(page.title, role.value, 99)
            assert (page in found) is is_for(page, role), page.route
