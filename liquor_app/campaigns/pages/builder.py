"""New campaign, on one page: details, audience, strategy. The plan itself is reviewed on the campaign's page."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.campaigns.states.builder import BuilderState
from liquor_app.ui.button import button
from liquor_app.ui.card import card, key_values, note
from liquor_app.ui.choice import checkbox
from liquor_app.ui.empty import empty
from liquor_app.ui.form import text_field
from liquor_app.ui.layout import col, grid, row, span
from liquor_app.ui.page import Page, page_head
from liquor_app.ui.stepper import stepper
from liquor_app.ui.tabs import segmented


def builder_page() -> rx.Component:
    errors = BuilderState.errors
    return rx.form(
        page_head(
            "New campaign",
            "Say for whom and when; the planner proposes what, why and by which channel. Nothing is sent unapproved.",
            button("Cancel", href="/campaigns"),
            button("Generate plan", kind="primary", icon="sparkles", submit=True, busy=BuilderState.busy),
            crumbs=(("Campaigns", "/campaigns"),),
        ),
        rx.el.div(stepper(["Details", "Audience", "Strategy", "Review plan", "Schedule"], 0), margin_bottom="16px"),
        grid(
            span(
                8,
                card(
                    col(
                        text_field(
                            "Name", "name", placeholder="Weekend win-back", required=True, max_length=120,
                            error=errors["name"],
                        ),
                        text_field("What is it for?", "description", optional=True, lines=2),
                        row(
                            text_field(
                                "First day", "start_date", type="date", default_value=BuilderState.start,
                                key=BuilderState.start, error=errors["start_date"],
                            ),
                            text_field(
                                "Last day", "end_date", type="date", default_value=BuilderState.end,
                                key=BuilderState.end, error=errors["end_date"],
                            ),
                            gap=16,
                            wrap=True,
                        ),
                        gap=16,
                    ),
                    title="Details",
                ),
                card(
                    _audience(),
                    title="Audience",
                    aside=rx.el.span(BuilderState.reach, class_name="t12 muted", role="status"),
                ),
                gap=16,
            ),
            span(4, _strategy(errors), align_self="start"),
        ),
        on_submit=BuilderState.generate,
    )  # fmt: skip


def _audience() -> rx.Component:
    def choice(item: Any) -> rx.Component:
        box = checkbox(
            item.name,
            checked=rx.Var.create(BuilderState.chosen).contains(item.slug),
            on_change=BuilderState.toggle(item.slug),
        )
        return rx.el.div(
            row(box, rx.el.span(item.people, class_name="num muted"), apart=True),
            rx.el.div(item.detail, class_name="t12 muted", padding_left="28px"),
        )

    problem = rx.cond(
        BuilderState.errors["target_segments"],
        note(BuilderState.errors["target_segments"], tone="red", icon="circle-alert", alert=True),
        rx.fragment(),
    )
    nobody = empty(
        "No segments yet",
        "Segments say whom a campaign is for.",
        button("Make one", href="/segments/new"),
        icon="layers",
    )
    return rx.cond(
        BuilderState.choices,
        col(problem, rx.foreach(BuilderState.choices, choice), gap=12),
        nobody,
    )


def _strategy(errors: Any) -> rx.Component:
    return card(
        col(
            segmented(
                [("weekly_plan", "Weekly plan"), ("one_time", "One time")],
                value=BuilderState.type,
                on_change=BuilderState.choose_type,
                label="Kind of campaign",
            ),
            text_field(
                "Held out, %",
                "holdout_pct",
                default_value=BuilderState.holdout,
                key=BuilderState.holdout,
                hint="A random control group is not contacted; it shows what the campaign truly adds.",
                error=errors["holdout_pct"],
                input_mode="decimal",
            ),
            key_values(
                ("Engine", "Heuristic optimiser"),
                ("Caps and capacity", rx.el.a("From settings", href="/settings", class_name="link")),
            ),
            gap=16,
        ),
        title="Strategy",
    )


PAGES = (
    Page("/campaigns/new", "New campaign", builder_page, on_load=BuilderState.load, parent="/campaigns"),
)  # fmt: skip
