"""What can be said of everybody in the file: who agreed, and by what proof, where they live, how they are tagged."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.organization.models import Channel
from liquor_app.screens.imports.wizard.matching_state import MatchState
from liquor_app.screens.imports.wizard.state import ImportState
from liquor_app.ui.card import card
from liquor_app.ui.forms.choice import checkbox
from liquor_app.ui.forms.form import text_field
from liquor_app.ui.grid import col, pair

PAUSE_MS = 700
"""Of typing, after which what was typed so far is kept: whoever loads the page anew before leaving a field finds it."""
_WORDS = {
    Channel.EMAIL: ("e-mail", "Sign-up sheet at the counter", "Yes, send me offers by e-mail"),
    Channel.SMS: ("texts", "Text club form", "Yes, text me offers; message rates apply"),
}


def said_panel() -> rx.Component:
    """Draw it folded: open where a yes in the file lacks its proof, or where something was said."""
    words = rx.match(
        ImportState.kind, ("purchases", "Said of every sale in this file"), "Said of everybody in this file"
    )  # fmt: skip
    body = rx.match(ImportState.kind, ("purchases", _of_sales()), _of_people())
    panel = rx.el.details(
        rx.el.summary(words, class_name="link med"),
        rx.el.div(body, class_name="col g16 said"),
        open=MatchState.asks_evidence,
        id="said-of-all",
    )
    return rx.cond(ImportState.kind == "products", rx.fragment(), card(panel))


def _said(label: str, field: str, **props: Any) -> rx.Component:
    return text_field(
        label, field, optional=True, default_value=MatchState.said[field], error=MatchState.wrong[field],
        on_blur=lambda value: MatchState.say_of_all(field, value),
        on_change=lambda value: MatchState.say_of_all(field, value).debounce(PAUSE_MS), **props,
    )  # fmt: skip


def _of_people() -> rx.Component:
    return rx.fragment(
        rx.el.p(
            "It counts for rows that do not say themselves. A no in a row wins, and so does one that is on file.",
            class_name="hint",
        ),
        _consent(Channel.EMAIL),
        _consent(Channel.SMS),
        pair(
            _said("Country", "country", placeholder="US"),
            _said("Tags", "tags", placeholder="tasting, spring", hint="Beside the tags the file gives them."),
        ),
    )


def _of_sales() -> rx.Component:
    return _said("Store", "store", placeholder="Main Street", hint="For rows that name none.")


def _consent(channel: Channel) -> rx.Component:
    what, where, wording = _WORDS[channel]
    name = f"{channel}_consent"
    return rx.el.fieldset(
        rx.el.legend(f"Consent to {what}", class_name="med"),
        col(
            checkbox(
                f"All of these agreed to {what}",
                checked=MatchState.said[name] == "yes",
                on_change=lambda ticked: MatchState.say_of_all(name, ticked),
            ),
            pair(
                _said(f"Where they agreed to {what}", f"{name}_source", placeholder=where),
                _said(
                    f"Since when they agree to {what}", f"{name}_at", type="date",
                    hint="The last day on which any of them agreed.",
                ),
            ),
            _said(
                f"The words they agreed to for {what}", f"{name}_wording", placeholder=wording,
                hint="As they stood beside the box: kept as the proof of each consent.",
            ),
            gap=12,
        ),
        class_name="plain",
    )  # fmt: skip
