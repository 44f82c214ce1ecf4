"""What a form complains of is said in the words that stand on the page; all of it at once."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Any

import pytest

from liquor_app.liquor_app import PAGES
from liquor_app.organization.form_mistakes import PATTERNS
from liquor_app.screens.campaigns.builder.state import BuilderState
from liquor_app.screens.compliance.law.state import LawState
from liquor_app.screens.coupons.pools.state import PoolsState
from liquor_app.screens.customers.form.state import EditCustomerState
from liquor_app.screens.imports.drop_folders.state import DropFoldersState
from liquor_app.screens.organization.brand.state import BrandState
from liquor_app.screens.organization.guidance.state import GuidanceState
from liquor_app.screens.organization.settings.state import DOCUMENTS, HIDDEN, LABELS, SettingsState
from liquor_app.screens.organization.sign_up.state import SignUpState
from liquor_app.ui.forms.field_labels import FIELD_LABELS, in_labels, label_of
from tests.forms.registry import FORMS
from tests.forms.test_every_form import signed_in_tab
from tests.tabs import run
from tests.ui.test_drawn_pages import elements, props

UNLABELLED = {
    *("body_html_template", "trigger.event", "trigger.segment"),
    *("optimal_time_window", "recommended_offers", "target_segments", "track_clicks", "track_opens"),
}
"""Drawn as switches, chips and groups, or only as the case may be: no `label` of the page as it is drawn first."""


def words_of(node: Any) -> str:
    if isinstance(node, list):
        return "".join(map(words_of, node))
    if not isinstance(node, dict):
        return ""
    if contents := node.get("contents"):
        return str(contents).strip('"')
    return "".join(words_of(value) for key, value in node.items() if key != "props")


def drawn_labels() -> dict[str, set[str]]:
    """Field → what stands above it, over all pages."""
    found: dict[str, set[str]] = defaultdict(set)
    for page in PAGES:
        if page.route != "/_gallery":
            for element, _ in elements(page.component().render()):
                if str(element["name"]).strip('"') == "label" and (
                    named := re.search(r'htmlFor:"([^"]+)"', props(element))
                ):
                    found[named[1].replace("trigger_", "trigger.")].add(words_of(element).removesuffix(" optional"))
    return found


def test_every_field_is_called_as_its_page_calls_it() -> None:
    drawn = drawn_labels()
    assert len(drawn) > 90, "no labels were found: this test reads nothing"
    elsewhere = {
        name
        for name, label in FIELD_LABELS.items()
        if not any(label == one or one.startswith(f'("{label}, "') for one in drawn[name])  # + the shop's currency
    }
    assert elsewhere == UNLABELLED
    raw = {name for name in drawn if not name.isalpha()}
    for formed in FORMS:
        raw |= {name for name in formed.state(_reflex_internal_init=True)._fields() if not name.isalpha()}
    # of `current_password`, `code` and `name`, which stand on that page several times
    another_id = {"second_step_password", "passkey_password", "passkey_name", "passkey_new_name"}
    another_id |= {"second_step_code", "passkey_code", "passkey_removing_code"}
    assert raw <= set(FIELD_LABELS) | {"no_tracking"} | another_id
    for model in DOCUMENTS.values():
        asked = {
            mark.pattern for info in model.model_fields.values() for mark in info.metadata if hasattr(mark, "pattern")
        }
        assert asked - {None} <= set(PATTERNS), "a pattern without words for it"
        assert set(model.model_fields) <= set(LABELS) | HIDDEN


@pytest.mark.parametrize(
    ("field", "message", "told"),
    [
        ("every_minutes", "every_minutes must be a number", "“Look every, minutes” must be a number"),
        ("folder", "folder must be relative", "Folder must be relative"),
        ("timezone", "timezone: 'X' is unknown", "'X' is unknown"),
        ("end_date", "The last day lies before start_date", "The last day lies before “First day”"),
        ("recommended_offers[1].discount_pct", "recommended_offers[1].discount_pct must be a percentage",
         "“Offer 2, discount, %” must be a percentage"),
        (None, "Nothing to do with a folder", "Nothing to do with a folder"),
        ("trigger.days", "trigger.days: It must be 1 or more.", "It must be 1 or more."),
        ("name", "jane_doe has this name already", "Jane_doe has this name already"),
    ],
)  # fmt: skip
def test_a_message_speaks_the_form_s_words(field: str | None, message: str, told: str) -> None:
    assert in_labels(message, field) == told


def test_no_name_of_a_field_gets_through() -> None:
    for name in FIELD_LABELS:
        for message in (f"{name} must be text", f"{name}: it must be text", f"It must be more than {name}."):
            heard = in_labels(message, name)
            assert name.isalpha() or name not in heard, heard
    assert label_of("low_water") == "Tell me at"


ALL_AT_ONCE: list[tuple[Any, ...]] = [
    (SettingsState, ((SettingsState.load,),), {"timezone": "Nowhere", "currency": "dollars!"},
     {"timezone", "currency"}),
    (SettingsState, ((SettingsState.load,), (SettingsState.choose, "planning")),
     {"discount_budget": "lots", "margin_pct": "200", "horizon_days": "2.5"},
     {"discount_budget", "margin_pct", "horizon_days"}),
    (SettingsState, ((SettingsState.load,), (SettingsState.choose, "compliance")),
     {"email_window_start": "20:00", "email_window_end": "09:00"}, {"email_window_end"}),
    (GuidanceState, ((GuidanceState.load,),), {"autopilot_max_recipients": "many", "max_discount_pct": "101"},
     {"autopilot_max_recipients", "max_discount_pct"}),
    (BuilderState, ((BuilderState.load,),),
     {"name": "Fridays", "start_date": "soon", "end_date": "", "holdout_pct": "few"},
     {"start_date", "end_date", "holdout_pct"}, BuilderState.generate),
    (DropFoldersState, ((DropFoldersState.ask, "new", ""),),
     {"name": "", "folder": "../etc", "kind": "products", "policy": "fill", "every_minutes": "1", "silent_hours": "x"},
     {"name", "folder", "every_minutes", "silent_hours"}),
    (EditCustomerState, ((EditCustomerState.add,),),
     {"name": "Ann", "email": "ann", "phone": "12", "country": "Atlantis", "date_of_birth": "soon"},
     {"email", "phone", "country", "date_of_birth"}),
    (PoolsState, ((PoolsState.ask, "new"),), {"name": "", "discount_pct": "0", "low_water": "few"},
     {"name", "discount_pct", "low_water"}),
    (LawState, ((LawState.load,), (LawState.ask, "add", "")),
     {"kind": "contact_limit", "jurisdiction": "TX", "max": "many", "valid_from": "soon"}, {"max", "valid_from"}),
    (LawState, ((LawState.load,), (LawState.ask, "add", "")),
     {"kind": "hours", "jurisdiction": "Texas", "channel": "pigeon", "start": "20:00", "end": "08:00", "citation": "",
      "valid_from": "2026-11-28"}, {"jurisdiction", "channel", "citation", "end"}),
]  # fmt: skip


@pytest.mark.integration
def test_what_is_deleted_is_said_where_it_is_decided() -> None:
    """Before: "Messages kept, days" and a number, and nobody knew what a smaller one takes away."""
    for name in DOCUMENTS["retention"].model_fields:
        label, hint = LABELS[name]
        assert "deleted each night, for good" in hint, label
        assert "0 keeps for ever" in hint, label


async def test_settings_tell_all_mistakes_at_once(database: str) -> None:
    tab = await signed_in_tab("/")
    for kind, opens, form, blamed, *submit in ALL_AT_ONCE:
        state = await tab.state(kind)
        for handler, *arguments in opens:
            await run(handler, state, *arguments)
        await run(submit[0] if submit else kind.save, state, form)
        assert set(state.errors) == blamed
        for name, words in state.errors.items():
            assert name.isalpha() or name not in words, words
            assert words.lstrip("“")[0].isupper(), words
            assert "Input should" not in words, words
    for kind, typed in (
        (BrandState, {"from_email": "nobody", "website_url": "shop", "postal_address": ""}),
        (SignUpState, {"headline": "", "privacy_url": "no address", "messages_a_month": "many", "origins": "ftp://x"}),
    ):
        state = await tab.state(kind)
        await run(kind.load, state)
        for name, value in typed.items():
            await run(kind.type_in, state, name, value)
        await run(kind.save, state)
        assert set(state.errors) == set(typed)
