"""A page one comes back to shows nothing of the visit before while what is stored is read: a browser keeps a page's
state, and whoever types into old values meanwhile has it overwritten."""

from __future__ import annotations

from typing import Any

import pytest
import reflex as rx
from sqlalchemy import text

from liquor_app.core.db import transaction
from liquor_app.liquor_app import PAGES
from liquor_app.screens.forms.state import FormState
from liquor_app.screens.listing.state import ListState
from liquor_app.screens.organization.brand.state import BrandState
from liquor_app.screens.organization.sign_up.state import SignUpState
from tests.forms.test_every_form import signed_in_tab
from tests.tabs import run


def loaded_by(event: Any) -> tuple[type[rx.State], str] | None:
    """The state and the name of a handler that loads a page; None for what is no handler of a state's."""
    state, name = event.state_full_name, event.fn.__name__
    found = next((one for one in _states(rx.State) if one.get_full_name() == state), None)
    return (found, name) if found is not None else None


def _states(of: type[rx.State]) -> set[type[rx.State]]:
    return {of, *(one for sub in of.get_substates() for one in _states(sub))}


def test_a_form_that_waits_for_what_is_stored_is_emptied_first() -> None:
    waiting = []
    for page in PAGES:
        events = page.on_load if isinstance(page.on_load, list | tuple) else [page.on_load]
        seen = [loaded for event in events if hasattr(event, "state_full_name") and (loaded := loaded_by(event))]
        for place, (state, name) in enumerate(seen):
            is_form = issubclass(state, FormState) and state._asked is FormState._asked  # dialogs are empty anyway
            if is_form and not issubclass(state, ListState) and "loading" in state.get_fields():
                waiting.append(state)
                assert name == "clear" or (state, "clear") in seen[:place], (page.route, state.__name__, name)
    assert {BrandState, SignUpState} <= set(waiting), "it looks where they are"


@pytest.mark.integration
@pytest.mark.parametrize("form", [BrandState, SignUpState])
async def test_what_is_shown_first_is_what_is_stored_now(database: str, form: Any) -> None:
    tab = await signed_in_tab("/settings/brand")
    state = await tab.state(form)
    await run(form.load, state)
    before = dict(state.values)
    assert any(before.values())
    async with transaction() as session:
        await session.execute(text("UPDATE brands SET from_name = 'Somebody else'"))
    await run(form.clear, state)
    assert (state.loading, state.values, state.dirty) == (True, {}, False)
    await run(form.load, state)
    assert not state.loading
    assert state.values.get("from_name", "Somebody else") == "Somebody else"
