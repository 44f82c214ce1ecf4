"""Empty, error and loading states; forms and choices."""

from __future__ import annotations

from collections.abc import Sequence

import reflex as rx

from liquor_app.screens.gallery.state import GalleryState
from liquor_app.ui.badge import live
from liquor_app.ui.button import avatar, button, icon_button, link
from liquor_app.ui.card import card, note
from liquor_app.ui.empty import empty, failed
from liquor_app.ui.forms.choice import checkbox, select_field, switch
from liquor_app.ui.forms.form import text_field
from liquor_app.ui.frame.stepper import stepper
from liquor_app.ui.grid import col, grid, row
from liquor_app.ui.skeleton import skeleton, skeleton_lines
from liquor_app.ui.table import Column, table
from liquor_app.ui.tabs import segmented, tabs


def named(name: str, words: str, *content: rx.Component, columns: int = 6) -> rx.Component:
    head = row(rx.el.h2(name), rx.el.span(words, class_name="muted t12"))
    return rx.el.div(head, *content, class_name=f"c{columns} full-sm col g8")


def states() -> Sequence[rx.Component]:
    loading = table(
        GalleryState.nobody,
        [Column("Customer", lambda one: one.name), Column("CLV", lambda one: one.clv, number=True)],
        label="Loading",
        loading=True,
    )
    return (
        named(
            "Empty",
            "says what to do next",
            card(
                empty(
                    "No customers yet",
                    "Bring a CSV or Excel file. You see every problem row before anything is saved.",
                    button("Import a file", kind="primary", icon="upload"),
                    button("Load sample data"),
                    icon="users",
                )
            ),
            columns=4,
        ),
        named(
            "Nothing found",
            "keeps the filters",
            card(
                empty(
                    "No one matches all 3 filters",
                    "Without “Last purchase under 7 days” there would be 42.",
                    button("Drop that filter"),
                    button("Clear all", kind="ghost"),
                    icon="search-x",
                )
            ),
            columns=4,
        ),
        named(
            "Error",
            "what happened, what is safe, what to do",
            card(
                failed(
                    "The chart could not be loaded",
                    "The database did not answer in 5 seconds. Sending is not affected.",
                    button("Try again", icon="refresh-cw"),
                    reference="01JD3K9",
                )
            ),
            columns=4,
        ),
        named(
            "Skeleton",
            "same boxes, no jump",
            card(skeleton("100%", 88, margin_bottom="16px"), skeleton_lines(3), title="Loading"),
        ),
        named("Table, loading", "", card(loading, flush=True)),
    )


def forms() -> Sequence[rx.Component]:
    person = card(
        col(
            note("Two things to put right before saving.", tone="red", icon="triangle-alert", alert=True),
            grid(
                text_field("First name", "first", default_value="Marguerite", class_name="c6 full-sm"),
                text_field(
                    "Date of birth",
                    "born",
                    default_value="2008-04-17",
                    error="Must be 21 or older for any message",
                    class_name="c6 full-sm",
                ),
                text_field(
                    "E-mail",
                    "email",
                    default_value="m.okafor@example",
                    error="The part after @ needs a dot",
                    class_name="c6 full-sm",
                ),
                text_field(
                    "Phone",
                    "phone",
                    optional=True,
                    default_value="+1 207 555 0148",
                    hint="Needed for SMS",
                    class_name="c6 full-sm",
                ),
                select_field("Time zone", "zone", [("ny", "New York"), ("la", "Los Angeles")], class_name="c6 full-sm"),
                text_field("Note", "note", lines=2, optional=True, class_name="c6 full-sm"),
            ),
            row(
                switch("E-mail consent", checked=GalleryState.consent, on_change=GalleryState.give),
                checkbox("Keep me signed in", checked=True, on_change=GalleryState.noted),
                row(button("Cancel"), button("Save", kind="primary")),
                apart=True,
                wrap=True,
            ),
            gap=12,
        )
    )
    buttons = card(
        col(
            row(
                button("Plain"),
                button("Primary", kind="primary", icon="plus"),
                button("Ghost", kind="ghost"),
                button("Danger", kind="danger", icon="ban"),
                button("Erase for good", kind="solid-danger"),
                button("Disabled", disabled=True),
                button("Saving", busy=True, kind="primary"),
                button("Small", small=True),
                icon_button("bell", "Notifications, 3 new", pip=True),
                avatar("DR"),
                link("A link", "/_gallery"),
                wrap=True,
            ),
            row(
                button("Erase…", kind="danger", on_click=GalleryState.ask(True)),
                button("Dialog", on_click=GalleryState.edit(True)),
                button("Toast: done", on_click=GalleryState.say("done")),
                button("Toast: warning", on_click=GalleryState.say("warning")),
                button("Toast: failed", on_click=GalleryState.say("failed")),
                wrap=True,
            ),
            row(
                segmented(
                    [("heuristic", "Heuristic"), ("llm", "AI"), ("manual", "By hand")],
                    value=GalleryState.engine,
                    on_change=GalleryState.use,
                    label="Engine",
                ),
                live("Live, 0.2 s behind"),
                wrap=True,
            ),
            stepper(["Details", "Audience", "Strategy", "Review plan", "Schedule"], 3),
            tabs(
                [
                    ("overview", "Overview", rx.el.p("Numbers first.")),
                    ("churn", "Churn", rx.el.p("Who is about to leave.")),
                ],
                value=GalleryState.view,
                on_change=GalleryState.show,
                label="Analytics",
            ),
            note(
                "3 messages are unknown. ",
                "A worker stopped after the request left and before the reply came.",
                tone="amber",
                icon="circle-help",
                action=button("See them", small=True),
            ),
            gap=16,
        )
    )
    return named("Form", "errors beside the field, in words", person), named(
        "Buttons and choices", "one primary a view", buttons
    )
