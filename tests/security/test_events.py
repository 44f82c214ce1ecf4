"""What any program can call on the event socket, and with what."""

from __future__ import annotations

import inspect
import secrets

import pytest
from reflex_base.registry import RegistrationContext

from liquor_app.core.config import Settings
from liquor_app.liquor_app import app
from liquor_app.screens.gallery.state import GalleryState
from liquor_app.screens.session.event_gate import GALLERY

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


def test_production_shows_no_gallery(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its states are events anybody may call, before sign-in too."""
    given = {
        "LIQUOR_ENV": "production", "LIQUOR_SECRET_KEY": secrets.token_urlsafe(48), "LIQUOR_SECRET_KEYS": "",
        "DATABASE_URL": f"postgresql://shop:{secrets.token_urlsafe(24)}@db/shop",
        "REDIS_URL": f"redis://:{secrets.token_urlsafe(24)}@queue:6379/0",
        "LIQUOR_PUBLIC_URL": "https://shop.test",
        "LIQUOR_ADMIN_PASSWORD": "", "LIQUOR_GALLERY": "0",
    }  # fmt: skip
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert not Settings().gallery
    monkeypatch.setenv("LIQUOR_GALLERY", "1")
    with pytest.raises(ValueError, match="unset LIQUOR_GALLERY"):
        Settings()


def test_the_gate_knows_the_gallery_by_its_name() -> None:
    """Reflex names a state by its module: moved, its events would be of people who signed in, and no button of the
    gallery would do anything before."""
    assert GALLERY in GalleryState.get_full_name()
    known = {name: fn for name, fn in EXPOSED.items() if GALLERY in name}
    assert known
    assert all(inspect.unwrap(fn).__module__.startswith("liquor_app.screens.gallery") for fn in known.values())
