"""Data and privacy of one customer: carried away, left out of profiles, erased."""

from __future__ import annotations

import reflex as rx

from liquor_app.accounts.permission_table import Permission
from liquor_app.customers.erasing.models import Ground
from liquor_app.screens.customers.detail.privacy_state import WORD, PrivacyState
from liquor_app.screens.forms.view import form_dialog, form_of
from liquor_app.screens.session.role_controls import allowed
from liquor_app.ui.button import button, download
from liquor_app.ui.card import card, list_item, plain_list
from liquor_app.ui.forms.choice import select_field, switch
from liquor_app.ui.forms.form import text_field
from liquor_app.ui.grid import col
from liquor_app.ui.icon import icon
from liquor_app.ui.skeleton import skeleton_lines

FORM = "erase-form"
MEANS = (
    "Waiting messages are cancelled, no campaign writes to them again, and names, addresses and words are scrubbed from"
    " everything that is kept, tags, segments and campaigns among it. Purchases, consents and messages stay as figures"
    " of nobody. It cannot be taken back."
)


def privacy_card() -> rx.Component:
    """Draw what somebody may ask of the shop."""

    def line(drawing: str, title: str, words: rx.Component, control: rx.Component) -> rx.Component:
        said = rx.el.div(rx.el.b(title, class_name="med"), rx.el.div(words, class_name="t12 muted"), class_name="grow")
        return list_item(icon(drawing), said, control)

    state = PrivacyState
    written = rx.cond(
        state.file_url != "",
        download("Save the file", state.file_url, small=True),
        button("Export", kind="ghost", small=True, on_click=state.export, busy=state.working),
    )
    lines = plain_list(
        line(
            "file-down",
            "Everything about them",
            rx.cond(state.report != "", state.report, "A ZIP of JSON and CSV"),
            allowed(Permission.CUSTOMERS_WRITE, written),
        ),
        line(
            "user-round-x",
            "Objection to profiling",
            rx.cond(state.objects, "Neither scored nor planned", "Scored and planned like everybody"),
            allowed(Permission.CUSTOMERS_WRITE, switch("Objects", checked=state.objects, on_change=state.object)),
        ),
        allowed(
            Permission.CUSTOMERS_ADMIN,
            line(
                "eraser",
                "Erasure",
                rx.fragment("Nothing that tells of them is kept"),
                button("Erase…", kind="danger", small=True, on_click=state.ask),
            ),
        ),
    )
    return card(rx.cond(state.loading, skeleton_lines(3), lines), title="Data and privacy", flush=True)


def _mentions() -> rx.Component:
    """Draw where the shop's own words name them: what an erasure leaves unless it is told so."""
    state = PrivacyState
    lines = rx.foreach(
        state.mentions,
        lambda one: rx.el.li(rx.el.a(one.kind + ": " + one.name, href=one.link, class_name="link"), class_name="t12"),
    )
    return rx.cond(
        state.mentions,
        col(
            rx.el.div("Your own words name them here, and stay unless you change them:", class_name="t12"),
            rx.el.ul(lines),
            rx.cond(state.mentions_more != "", rx.el.div(state.mentions_more, class_name="t12 muted")),
            rx.cond(
                state.has_templates,
                switch(
                    "Take their name out of templates, too",
                    checked=state.templates_too,
                    on_change=state.choose_templates,
                ),
            ),
            gap=8,
        ),
    )


def erase_dialog() -> rx.Component:
    """Draw the question before somebody is erased."""
    errors = PrivacyState.errors
    form = form_of(
        PrivacyState,
        col(
            _mentions(),
            select_field("Why", "ground", [(one.value, one.label) for one in Ground], error=errors["ground"]),
            text_field(
                f"Type “{WORD}” to go on", "word", max_length=20, auto_complete="off", error=errors["word"],
            ),
            gap=16,
        ),
        id=FORM,
        on_submit=PrivacyState.erase,
    )  # fmt: skip
    return form_dialog(
        PrivacyState,
        "Erase " + PrivacyState.who + "?",
        form,
        open=PrivacyState.asking,
        description=MEANS,
        foot=rx.fragment(
            button("Cancel", on_click=PrivacyState.close(False)),
            button("Erase for good", kind="solid-danger", submit=True, form=FORM, busy=PrivacyState.busy),
        ),
        max_width="460px",
    )
