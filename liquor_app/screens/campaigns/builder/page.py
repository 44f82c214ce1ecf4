"""New campaign, on one page: details, audience, strategy. The plan itself is reviewed on the campaign's page."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission
from liquor_app.screens.campaigns.builder.state import BuilderState
from liquor_app.screens.forms.view import form_of
from liquor_app.screens.session.role_controls import is_allowed, roles_of
from liquor_app.ui.button import button
from liquor_app.ui.card import card, key_values, note
from liquor_app.ui.empty import empty
from liquor_app.ui.forms.choice import checkbox, select_field
from liquor_app.ui.forms.form import text_field
from liquor_app.ui.frame.page_spec import Page, page_head
from liquor_app.ui.frame.stepper import stepper
from liquor_app.ui.grid import col, grid, row, span
from liquor_app.ui.tabs import segmented


def builder_page() -> rx.Component:
    return form_of(
        BuilderState,
        page_head(
            "New campaign",
            "Say for whom and when; the planner proposes what, why and by which channel. Nothing is sent unapproved.",
            rx.el.span(BuilderState.saved, class_name="t12 muted", role="status"),
            button("Cancel", href="/campaigns"),
            button("Generate plan", kind="primary", icon="sparkles", submit=True, busy=BuilderState.busy),
            crumbs=(("Campaigns", "/campaigns"),),
        ),
        rx.el.div(
            stepper(
                ["Details", "Audience", "Strategy", "Review plan", "Schedule"],
                rx.cond(rx.Var.create(BuilderState.chosen).length() > 0, 2, 0),
            ),
            margin_bottom="16px",
        ),
        grid(
            span(
                8,
                _details(),
                card(
                    _audience(),
                    title="Audience",
                    aside=rx.el.span(BuilderState.reach, class_name="t12 muted", role="status"),
                ),
                gap=16,
            ),
            span(4, _strategy(), align_self="start"),
        ),
        on_submit=BuilderState.generate,
    )


def _field(label: str, name: str, **props: Any) -> rx.Component:
    """Draw a field that is kept when it is left."""
    return text_field(
        label,
        name,
        default_value=BuilderState.fields[name],
        error=BuilderState.errors[name.replace("trigger_", "trigger.")],
        on_blur=lambda value: BuilderState.keep(name, value),
        key=BuilderState.stamp + name,
        **props,
    )


def _details() -> rx.Component:
    return card(
        col(
            _field("Name", "name", placeholder="Weekend win-back", required=True, max_length=120),
            _field("What is it for?", "description", optional=True, lines=2),
            row(
                _field("First day", "start_date", type="date"),
                _field("Last day", "end_date", type="date"),
                gap=16,
                wrap=True,
            ),
            gap=16,
        ),
        title="Details",
    )


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


KINDS = [
    ("after_first_purchase", "Days after the first purchase"),
    ("purchase_overdue", "The day of the next expected purchase is past"),
    ("segment_entered", "A segment was entered"),
    ("event", "An event happened"),
]


def _trigger() -> rx.Component:
    """Tell what a standing campaign waits for."""
    problem = BuilderState.errors["trigger"]
    return col(
        select_field(
            "Writes when",
            "trigger_kind",
            KINDS,
            value=BuilderState.fields["trigger_kind"],
            on_change=lambda value: BuilderState.keep("trigger_kind", value),
            error=BuilderState.errors["trigger.kind"],
        ),
        rx.match(
            BuilderState.fields["trigger_kind"],
            ("event", _field("Event", "trigger_event", hint="Its type, such as cart_left.", max_length=60)),
            ("segment_entered", _field("Segment", "trigger_segment", hint="Its slug.", max_length=60)),
            _field("Days", "trigger_days", input_mode="numeric"),
        ),
        rx.cond(problem, note(problem, tone="red", icon="circle-alert", alert=True), rx.fragment()),
        rx.el.p("Once for each customer, under the same caps. Set the last day to when it shall end.",
                class_name="t12 muted pretty"),
        gap=16,
    )  # fmt: skip


def _engines() -> rx.Component:
    return col(
            segmented(
                [("heuristic", "Optimiser"), ("llm", "AI planner"), ("manual", "By hand")],
                value=BuilderState.engine,
                on_change=BuilderState.choose_engine,
                label="Engine",
            ),
            rx.el.p(
                rx.match(
                    BuilderState.engine,
                    (
                        "llm",
                        "Themes, shares and words by a language model that sees aggregates only; customers by the same"
                        " optimiser, whose own plan stands beside it to choose from.",
                    ),
                    ("manual", "The optimiser makes a draft; move, drop and change what you like."),
                    "Who, what and when by expected profit within every limit. Needs no key.",
                ),
                class_name="t12 muted pretty",
            ),
            rx.cond(
                BuilderState.engine == "llm",
                _field(
                    "What should it know?", "llm_prompt", optional=True, lines=3, max_length=4000,
                    hint="No names or addresses; they would be taken out.",
                ),
                rx.fragment(),
            ),
        gap=16,
    )  # fmt: skip


def _one_engine() -> rx.Component:
    """Draw a triggered campaign has no week to share out."""
    return rx.el.p(
        "Planned by the optimiser as things happen: the AI planner and plans by hand share out the messages of a week,"
        " and nobody can say beforehand for whom something will happen.",
        class_name="t12 muted pretty",
    )


def _strategy() -> rx.Component:
    return card(
        col(
            segmented(
                [("weekly_plan", "Weekly plan"), ("one_time", "One time"), ("triggered", "Triggered")],
                value=BuilderState.type,
                on_change=BuilderState.choose_type,
                label="Kind of campaign",
            ),
            rx.cond(BuilderState.type == "triggered", _trigger(), rx.fragment()),
            rx.cond(BuilderState.type == "triggered", _one_engine(), _engines()),
            _field(
                "Held out, %", "holdout_pct", input_mode="decimal",
                hint="A random control group is not contacted; it shows what the campaign truly adds.",
            ),
            key_values(
                ("Caps and capacity", rx.cond(is_allowed(Permission.SETTINGS_ADMIN),
                    rx.el.a("From settings", href="/settings", class_name="link"), "From settings")),
                ("Guidance", rx.el.a("Binds every engine", href="/settings/guidance", class_name="link")),
            ),
            rx.el.p(BuilderState.hint, class_name="t12 muted pretty"),
            gap=16,
        ),
        title="Strategy",
    )  # fmt: skip


PAGES = (
    Page("/campaigns/new", "New campaign", builder_page, on_load=BuilderState.load, parent="/campaigns",
         roles=roles_of(Permission.CAMPAIGNS_WRITE)),
)  # fmt: skip
