"""Agent guidance: one page that binds every engine and every person."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission
from liquor_app.organization.guidance import Autonomy
from liquor_app.screens.forms.view import form_of
from liquor_app.screens.listing.view import list_pager
from liquor_app.screens.organization.guidance.state import GuidanceState
from liquor_app.screens.organization.guidance.versions_state import GuidanceVersionsState
from liquor_app.screens.session.role_controls import allowed, is_allowed, roles_of
from liquor_app.screens.shell.state import ShellState
from liquor_app.ui.badge import badge
from liquor_app.ui.button import button
from liquor_app.ui.card import card, list_item, note, plain_list
from liquor_app.ui.forms.choice import select_field
from liquor_app.ui.forms.dialog import confirm
from liquor_app.ui.forms.form import text_field
from liquor_app.ui.frame.page_spec import Page, page_head
from liquor_app.ui.grid import col, grid, pair, row, span

LEVELS = [(level.value, level.label) for level in Autonomy]


def guidance_page() -> rx.Component:
    return rx.fragment(
        form_of(
            GuidanceState,
            page_head(
                "Agent guidance",
                "Binds the optimiser, the AI planner and people alike. Each change is a version; a plan keeps the one"
                " it was made under.",
                allowed(
                    Permission.SETTINGS_ADMIN,
                    button("Save as a new version", kind="primary", submit=True, busy=GuidanceState.busy),
                ),
                crumbs=(("Settings", "/settings", is_allowed(Permission.SETTINGS_ADMIN)),),
                badge=badge("version " + rx.Var.create(GuidanceState.version).to_string(), dot=False),
            ),
            grid(
                span(7, _voice(), _offers(), gap=16, align_self="start"),
                span(5, _switch(), _autonomy(), _escalation(), _versions(), gap=16, align_self="start"),
            ),
            on_submit=GuidanceState.save,
        ),
        _questions(),
    )


def _field(label: Any, name: str, **props: Any) -> rx.Component:
    return text_field(
        label,
        name,
        default_value=GuidanceState.values[name],
        error=GuidanceState.errors[name],
        key=name + rx.Var.create(GuidanceState.version).to_string() + GuidanceState.values[name],
        **props,
    )


def _voice() -> rx.Component:
    return card(
        col(
            _field("Tone", "tone", lines=2, max_length=1000, hint="The AI planner writes in it."),
            pair(
                _field("Never claim: health", "banned_health", lines=8),
                _field("Never invite to excess", "banned_excess", lines=8),
            ),
            pair(
                _field("Never appeal to youth", "banned_youth", lines=8),
                _field("Never say, besides", "banned_other", lines=8, optional=True),
            ),
            note(
                "A word or phrase a line; whole words, whatever their case; a * at the end takes any ending. Also"
                " checked in templates, in playbooks' offers and in words written by hand."
            ),
            gap=16,
        ),
        title="Tone and claims",
    )


def _offers() -> rx.Component:
    return card(
        col(
            _field("Highest discount, %", "max_discount_pct", input_mode="decimal", hint="Whatever a playbook says."),
            _field(
                "Allowed offers", "allowed_offers", lines=4, optional=True,
                hint="One name a line; nothing allows all of the playbooks'.",
            ),
            rx.el.p("Offers of the playbooks: ", GuidanceState.offers, class_name="t12 muted pretty"),
            gap=16,
        ),
        title="Offers",
    )  # fmt: skip


def _switch() -> rx.Component:
    on = col(
        note(
            rx.el.b("Autopilot is stopped. "),
            GuidanceState.stopped_words,
            " Nothing is approved by the system.",
            tone="red",
            icon="octagon-x",
        ),
        allowed(
            Permission.SETTINGS_ADMIN,
            button("Let autopilot work again", icon="play", block=True, on_click=GuidanceState.ask("release")),
        ),
        gap=12,
    )
    off = col(
        rx.el.p(
            "Stops all autopilot at once, pauses what it has running, and puts what it has scheduled before a person.",
            class_name="muted pretty",
        ),
        button("Stop autopilot", kind="solid-danger", icon="octagon-x", block=True, on_click=GuidanceState.ask("stop")),
        gap=12,
    )
    return card(rx.cond(GuidanceState.stopped, on, off), title="Kill switch")


def _autonomy() -> rx.Component:
    def level(label: str, name: str) -> rx.Component:
        return select_field(
            label,
            name,
            LEVELS,
            default_value=GuidanceState.values[name],
            error=GuidanceState.errors[name],
            key=name + GuidanceState.values[name],
        )

    return card(
        col(
            level("Weekly plans", "weekly_plan"),
            level("One-time campaigns", "one_time"),
            level("Triggered campaigns", "triggered"),
            pair(
                _field("Autopilot: most people", "autopilot_max_recipients", input_mode="numeric"),
                _field("Most discount, " + ShellState.sign, "autopilot_max_discount", input_mode="decimal"),
            ),
            _field(
                "Least profit at the low end, " + ShellState.sign, "autopilot_min_profit", input_mode="decimal",
                hint="The low end of the 80% interval must reach it. A minus is what may be lost: before anything is"
                " learned the low end is mostly below zero.",
            ),
            gap=16,
        ),
        title="Autonomy",
    )  # fmt: skip


def _escalation() -> rx.Component:
    return card(
        col(
            rx.el.p("A plan beyond these needs an admin's approval; nothing means no such limit.", class_name="muted"),
            pair(
                _field(
                    "Discount above, " + ShellState.sign, "admin_above_discount", input_mode="decimal", optional=True
                ),
                _field("People above", "admin_above_recipients", input_mode="numeric", optional=True),
            ),
            gap=16,
        ),
        title="Escalation",
    )


def _versions() -> rx.Component:
    def line(one: Any) -> rx.Component:
        words = rx.el.div(
            row(rx.el.b(one.version, class_name="med"), rx.el.span(one.who, class_name="t12 muted"), apart=True),
            rx.el.p(one.what, class_name="muted pretty"),
        )
        return list_item(words)

    return rx.cond(
        rx.Var.create(GuidanceVersionsState.rows).length() > 0,
        card(
            plain_list(rx.foreach(GuidanceVersionsState.rows, line)),
            list_pager(GuidanceVersionsState, quiet=True),
            title="Versions",
            flush=True,
        ),
        rx.fragment(),
    )


def _questions() -> rx.Component:
    return rx.fragment(
        confirm(
            "Stop autopilot?",
            "Nothing is approved by the system any more. What autopilot has running is paused, what it has scheduled"
            " waits for a person. Campaigns that people approved go on.",
            "Stop autopilot",
            open=GuidanceState.asking == "stop",
            on_open_change=GuidanceState.ask(""),
            on_confirm=GuidanceState.stop,
            danger=True,
        ),
        confirm(
            "Let autopilot work again?",
            "From the next plan on, within its limits. What was paused stays paused until somebody resumes it.",
            "Let it work",
            open=GuidanceState.asking == "release",
            on_open_change=GuidanceState.ask(""),
            on_confirm=GuidanceState.release,
        ),
    )


PAGES = (
    Page(
        "/settings/guidance",
        "Guidance",
        guidance_page,
        icon="compass",
        on_load=[GuidanceState.load, GuidanceVersionsState.load],
        nav_group="admin",
        roles=roles_of(Permission.GUIDANCE_READ),
    ),
)
