"""What every form inherits: mistakes beside their fields, no second press, nothing typed lost, no right given."""

from __future__ import annotations

import re

import pytest
import reflex as rx
from reflex_base.event import Event

from liquor_app.accounts.entry.passwords import Hashed
from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import SYSTEM, Actor, ActorKind
from liquor_app.accounts.users import create_user
from liquor_app.core.config import PROJECT_ROOT
from liquor_app.core.db import transaction
from liquor_app.screens.forms.state import FormState
from liquor_app.screens.session.state import SessionGuard
from tests.factories import open_shop
from tests.forms.registry import FORMS, Formed
from tests.tabs import Tab, run, said

pytestmark = pytest.mark.integration

VIEWER = Actor(ActorKind.USER, None, "Vi", Role.USER)
each_form = pytest.mark.parametrize("formed", FORMS, ids=str)


async def signed_in_tab(address: str) -> Tab:
    """A tab of an admin of an open shop."""
    async with transaction() as session:
        await open_shop(session)
        user = await create_user(
            session, SYSTEM, email="ada@example.com", password=Hashed("never signed in with"), role=Role.ADMIN
        )
    return Tab(address, Actor(ActorKind.USER, user.id, "Ada", Role.ADMIN))


async def _tab(formed: Formed) -> Tab:
    tab = await signed_in_tab("/")
    tab.go(formed.address if isinstance(formed.address, str) else await formed.address())
    return tab


def test_every_form_is_here() -> None:
    """Whoever makes a dictionary of errors by hand has written a form that inherits nothing."""
    screens = PROJECT_ROOT / "liquor_app" / "screens"
    for path in screens.rglob("*.py"):
        source = path.read_text()
        if path.name.endswith("state.py") and path.parent.name not in ("forms", "gallery"):
            assert not re.search(r"^    errors: dict\[", source, re.MULTILINE), path
            assert "self.error = " not in source, path
    named = {state.__name__ for state in rx.State.get_substates() if issubclass(state, FormState)}
    assert named == {formed.state.__name__ for formed in FORMS}
    handlers = {str(formed) for formed in FORMS}
    assert len(handlers) == len(FORMS)


@each_form
async def test_a_form_keeps_its_promises(database: str, formed: Formed) -> None:
    tab = await _tab(formed)
    state = await formed.opened(tab)
    assert (state.busy, state.dropping) == (False, False)
    await run(formed.state.touch, state)
    assert state.dirty

    # what is refused is told beside its field; the form stands as it was, and can be sent again
    steps = [event async for event in formed.submit.fn(state, *formed.wrong)]
    assert steps[0] is None, "the page is told that it works before it does"
    assert list(state.errors) == [formed.blamed]
    assert state.error == state.errors[formed.blamed] != ""
    assert (state.busy, state.dirty, state._asked()) == (False, True, True)

    # whoever may not store it is told so, and not beside a field
    if not formed.is_own:
        tab.actor = VIEWER
        mine = await tab.state(formed.state)
        assert "role" in said(await run(formed.submit, mine, *(formed.fair or formed.wrong)))
        assert (state.errors, state.busy, state.dirty) == ({}, False, True)
    tab.actor = None
    await tab.state(formed.state)
    assert "/login" in said(await run(formed.submit, state, *formed.wrong))
    assert not state.busy

    # what is being stored is not stored twice
    state.busy = True
    assert [event async for event in formed.submit.fn(state, *formed.wrong)] == []
    assert state.errors == {}


@pytest.mark.parametrize("formed", [formed for formed in FORMS if formed.in_dialog], ids=str)
async def test_a_dialog_asks_before_it_drops(database: str, formed: Formed) -> None:
    tab = await _tab(formed)
    state = await formed.opened(tab)
    await run(formed.state.touch, state)
    await run(formed.state.close, state, False)
    assert (state._asked(), state.dropping) == (True, True)
    await run(formed.state.stay, state, False)
    assert (state._asked(), state.dropping, state.dirty) == (True, False, True)
    await run(formed.state.close, state, False)
    await run(formed.state.drop, state)
    assert (state._asked(), state.dropping, state.dirty, state.errors) == (False, False, False, {})
    assert [event async for event in formed.submit.fn(state, *formed.wrong)] == [], "a closed form stores nothing"
    state = await formed.opened(tab)
    await run(formed.state.close, state, False)
    assert (state._asked(), state.dropping) == (False, False), "nothing was typed: nothing is asked"

    # a browser that loads the page anew has lost what was typed; a socket that merely came back has not
    state = await formed.opened(tab)
    await run(formed.state.touch, state)
    for payload, still in (({}, True), ({"hashes": []}, False)):
        await SessionGuard().preprocess(None, tab.root, Event(name="state.hydrate_and_load", payload=payload))
        await tab.state(formed.state)
        assert (state._asked(), state.dirty) == (still, still)


def test_a_form_says_what_it_is() -> None:
    """The mixin itself is no form, and no state of its own."""
    with pytest.raises(NotImplementedError):
        FormState._fields(FormState)  # type: ignore[arg-type]
