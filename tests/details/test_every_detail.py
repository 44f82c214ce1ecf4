"""What every state of one thing inherits: word that there is none, and nothing left of what was shown before."""

from __future__ import annotations

import re

import pytest
import reflex as rx

from liquor_app.accounts.models import Role
from liquor_app.accounts.permissions import Actor, ActorKind
from liquor_app.core.config import PROJECT_ROOT
from liquor_app.core.db import transaction
from liquor_app.core.ids import uuid7
from liquor_app.liquor_app import PAGES
from liquor_app.screens.details.state import DetailState
from tests.factories import open_shop
from tests.tabs import Tab, run, said

pytestmark = pytest.mark.integration
ADMIN = Actor(ActorKind.USER, uuid7(), "Ada", Role.ADMIN)
STATES = sorted((one for one in rx.State.get_substates() if issubclass(one, DetailState)), key=lambda one: one.__name__)
PANELS = {"AttributionState", "CampaignEffectState", "PartsState", "MergesState", "ErrandsState", "InterestsState"}
"""What belongs to something that is not there is nothing; the page's own state says so."""


def test_every_one_is_made_with_the_mixin() -> None:
    assert len(PAGES) > 20, "every page's states are loaded"
    by_hand = [
        path
        for path in (PROJECT_ROOT / "liquor_app" / "screens").rglob("*state.py")
        if path.parent.name != "details" and re.search(r"^    missing: str", path.read_text(), re.MULTILINE)
    ]
    assert by_hand == []
    assert {"CampaignState", "CustomerState", "EditSegmentState", "EditorState", "ProductState"} <= {
        one.__name__ for one in STATES
    }


@pytest.mark.parametrize("kind", STATES, ids=lambda one: one.__name__)
async def test_what_is_not_there_is_said_so(database: str, kind: type[DetailState]) -> None:
    async with transaction() as session:
        await open_shop(session)
    for address in ("no-id-at-all", str(uuid7())):
        tab = Tab(f"/things/{address}", ADMIN)
        state = await tab.state(kind)
        state.loading = True
        await run(kind.load, state)
        assert not state.loading
        assert state.missing or (kind.__name__ in PANELS and address != "no-id-at-all"), address
        assert "valid id" not in state.missing, "nobody is told of ids"
        await run(kind.clear, state)
        assert state.missing == "", "nothing of it flashes up under another address"
    stranger = await Tab("/things/x", None).state(kind)
    assert "/login" in said(await run(kind.load, stranger))
