"""What a new key is good for is chosen, area by area: nothing chosen is never all."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from liquor_app.accounts.key_areas import SCOPES, idle_areas
from liquor_app.accounts.models import Role
from liquor_app.accounts.permission_table import AREAS
from liquor_app.core.db import transaction
from liquor_app.core.errors import Invalid
from liquor_app.screens.accounts.api_keys.areas_panel import ways_of
from liquor_app.screens.accounts.api_keys.state import ApiKeysState, chosen_areas
from tests.api.client import Client
from tests.forms.test_every_form import signed_in_tab
from tests.tabs import run

FORM = {"name": "Till", "role": "admin", "days": "30", "per_minute": "", "per_month": ""}


def test_every_scope_can_be_chosen_and_nothing_else() -> None:
    offered = {f"{area}:{way}" for area in AREAS for way, _ in ways_of(area) if way}
    assert offered == set(SCOPES)
    assert all(ways_of(area)[0] == ("", "Nothing") for area in AREAS)


@pytest.mark.parametrize(
    "form", [{}, {"areas": ""}, {"areas": "some"}, {"areas": "ALL"}, {"areas": ["all"]},
             {"areas": "", "areacustomers": "read"}, {"areas": "some", "areanothing": "read"}],
)  # fmt: skip
def test_nothing_chosen_is_not_all(form: dict[str, Any]) -> None:
    """An empty field was all the role may: whoever forgot it made the strongest key there is."""
    with pytest.raises(Invalid):
        chosen_areas(form)


@pytest.mark.integration
async def test_a_program_that_names_no_area_gets_no_key(admin: Client) -> None:
    """An empty list, as a form sends that nobody touched, made the strongest key there is."""
    refused = await admin.post("/api-keys", json={"name": "Till", "role": "admin", "areas": []})
    assert (refused.status_code, refused.json()["field"]) == (422, "areas")
    made = await admin.post("/api-keys", json={"name": "Till", "role": "manager", "areas": ["customers:read"]})
    assert made.status_code == 201, made.text
    whole = await admin.post("/api-keys", json={"name": "Shop", "role": "manager"})
    assert whole.status_code == 201, whole.text
    told = {row["name"]: row["areas"] for row in (await admin.get("/api-keys")).json()["items"]}
    assert told == {"Till": ["customers:read"], "Shop": []}


def test_what_is_chosen() -> None:
    assert chosen_areas({"areas": "all", "areacustomers": "read"}) == []
    assert chosen_areas({"areas": "some", "areacustomers": "read", "areapurchases": "write", "areasends": ""}) == [
        "customers:read", "purchases:write",
    ]  # fmt: skip


@pytest.mark.integration
async def test_the_dialog_makes_what_was_chosen(database: str) -> None:
    tab = await signed_in_tab("/settings/api-keys")
    state = await tab.state(ApiKeysState)
    await run(ApiKeysState.load, state)
    for wrong in ({"areas": "some"}, {"areas": "some", "areacustomers": "own"}, {"areas": "customers:read"}):
        await run(ApiKeysState.ask, state, "new")
        await run(ApiKeysState.create, state, {**FORM, **wrong})
        assert list(state.errors) == ["areas"], wrong
        assert state.secret == ""
    await run(ApiKeysState.choose_reach, state, "all")
    assert state.reach == "all"
    await run(ApiKeysState.ask, state, "new")
    assert state.reach == "some", "the next key begins with little"
    await run(ApiKeysState.create, state, {**FORM, "areas": "some", "areacustomers": "read", "areajobs": "write"})
    assert state.secret.startswith("lk_")
    async with transaction() as session:
        assert (await session.execute(text("SELECT areas FROM api_keys"))).scalars().all() == [
            ["customers:read", "jobs:write"]
        ]


def test_an_area_is_idle_where_all_of_it_takes_a_higher_role() -> None:
    assert idle_areas(Role.USER, ["customers:read", "purchases:write", "settings:admin"]) == [
        "purchases:write", "settings:admin",
    ]  # fmt: skip
    assert idle_areas(Role.MANAGER, ["purchases:write", "settings:admin"]) == ["settings:admin"]
    assert idle_areas(Role.ADMIN, SCOPES) == []


@pytest.mark.integration
async def test_the_dialog_makes_no_key_that_can_do_nothing(database: str) -> None:
    """A viewer's key for purchases was made, listed as one that changes them, and refused at the till."""
    tab = await signed_in_tab("/settings/api-keys")
    state = await tab.state(ApiKeysState)
    await run(ApiKeysState.load, state)
    await run(ApiKeysState.ask, state, "new")
    till = {**FORM, "areas": "some", "areapurchases": "write"}
    await run(ApiKeysState.create, state, {**till, "role": "user"})
    assert state.errors["role"].startswith("A key of this role may not read and change purchases"), state.errors
    assert state.secret == ""
    await run(ApiKeysState.create, state, {**till, "role": "manager"})
    assert state.secret.startswith("lk_")
