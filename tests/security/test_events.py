"""What any program can call on the event socket, and with what."""

from __future__ import annotations

import inspect

import pytest
from reflex_base.registry import RegistrationContext

from liquor_app.liquor_app import app

EXPOSED = {
    name: registered.handler.fn
    for name, registered in RegistrationContext.get().event_handlers.items()
    if app is not None and ".liquor_app___" in name and not name.endswith(".setvar")
}


@pytest.mark.parametrize("name", EXPOSED)
def test_nothing_is_a_remote_event_by_accident(name: str) -> None:
    """Reflex makes an event of every public method of a State, decorated or not: helpers begin with `_`."""
    written = inspect.getsource(inspect.unwrap(EXPOSED[name])).lstrip()
    assert written.startswith(("@rx.event", "@background")), f"{name} is a remote event; a helper begins with _"


def test_all_of_them_are_looked_at() -> None:
    assert len(EXPOSED) > 150
