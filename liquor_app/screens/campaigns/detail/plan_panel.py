"""The plan under review: the week, the actions with their reasons, the simulation, why it is as it is."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission
from liquor_app.screens.campaigns.detail.coupons_panel import codes_card
from liquor_app.screens.campaigns.detail.edit_dialogs import edit_bar, edit_menu, edit_questions, simulating
from liquor_app.screens.campaigns.detail.planned_actions_state import ActionsState
from liquor_app.screens.campaigns.detail.state import CampaignState
from liquor_app.screens.campaigns.detail.versions_panel import side_by_side, why_this_plan
from liquor_app.screens.experiments.ab_test.panel import ab_test_card
from liquor_app.screens.listing.view import list_pager, list_table
from liquor_app.screens.session.role_controls import allowed
from liquor_app.ui.badge import badge
from liquor_app.ui.button import button
from liquor_app.ui.card import card
from liquor_app.ui.charts.interval import interval
from liquor_app.ui.charts.priority_bar import priority, priority_legend
from liquor_app.ui.charts.week import week
from liquor_app.ui.empty import empty
from liquor_app.ui.grid import col, grid, row, span
from liquor_app.ui.icon import icon
from liquor_app.ui.skeleton import skeleton_lines
from liquor_app.ui.table import Column, table

PLAN = CampaignState.plan


def plan_review() -> rx.Component:
    """Draw everything a marketer wants to know before approving."""
    drafting = card(
        rx.cond(
            CampaignState.busy,
            col(rx.el.p("The planner is at work. This page shows the plan as soon as it stands.", role="status"),
                skeleton_lines(4), gap=12),
            rx.cond(
                CampaignState.loading,
                skeleton_lines(4),
                empty("No plan yet", "Generate one: it proposes whom to contact, why, and when.", icon="sparkles"),
            ),
        )
    )  # fmt: skip
    review = grid(
        span(
            8,
            simulating(),
            _silence(),
            side_by_side(),
            _week(),
            actions_card(edit_bar()),
            ab_test_card(),
            beliefs_card(),
            why_this_plan(),
            gap=16,
        ),
        span(4, codes_card(), _simulation(), _foreseen(), _blocked(), _limits(), gap=16, align_self="start"),
    )
    return rx.cond(PLAN.id != "", rx.fragment(review, edit_questions()), drafting)


def _silence() -> rx.Component:
    """Offer a plan to learn, where what is believed has the shop keep silent."""
    return rx.cond(
        CampaignState.silent != "",
        card(
            col(
                rx.el.p(CampaignState.silent, class_name="pretty"),
                rx.cond(
                    CampaignState.may_explore,
                    allowed(
                        Permission.CAMPAIGNS_WRITE,
                        row(button("Plan to learn", icon="sparkles", on_click=CampaignState.act("explore"))),
                    ),
                ),
                gap=12,
            ),
            title="Little or nothing is learned from this plan",
        ),
    )


def _week() -> rx.Component:
    return card(
        week(PLAN.days, chosen=ActionsState.day, on_choose=ActionsState.choose_day),
        title="Week",
        aside=rx.el.span(PLAN.version, class_name="t12 muted"),
        flush=True,
    )


def beliefs_card() -> rx.Component:
    """Draw what the plan takes its messages to win, by kind: before approval, and after to compare with what came."""
    return rx.cond(
        PLAN.beliefs_words != "",
        card(
            table(
                PLAN.beliefs,
                [
                    Column("Segment", lambda line: rx.fragment(rx.el.b(line.segment, class_name="med"),
                                                               rx.el.small(line.offer))),
                    Column("By", lambda line: line.channel, phone="under", named=True),
                    Column("Messages", lambda line: line.messages, number=True, phone="under", named=True),
                    Column("Believed to win, of 100 (80%)", _believed, number=True),
                    Column("Basis", _basis, phone="under", whole=True),
                ],
                label="What each kind of message is believed to change",
                dense=True,
                empty=rx.fragment(),
            ),
            title="What is believed",
            aside=rx.el.span(PLAN.beliefs_words, class_name="t12 muted"),
            foot=rx.el.a("How it is learned", href="/learning", class_name="link t12"),
            flush=True,
        ),
        rx.fragment(),
    )  # fmt: skip


def _believed(line: Any) -> rx.Component:
    return rx.fragment(line.believed, rx.el.small(line.within))


def _basis(line: Any) -> rx.Component:
    return badge(line.basis, rx.cond(line.is_learned, "green", "amber"), dot=False)


def actions_card(tools: rx.Component | None = None) -> rx.Component:
    """Draw the actions of the chosen day, or of the week; `tools` change the plan."""

    def person(line: Any) -> rx.Component:
        return rx.fragment(
            rx.el.a(line.customer, href="/customers/" + line.customer_id, class_name="med"),
            rx.el.small(line.segment),
            rx.cond(line.arm != "", rx.el.small(line.arm), rx.fragment()),
        )

    def why(line: Any) -> rx.Component:
        return rx.el.div(
            rx.el.div(line.offer, class_name="med"),
            rx.el.div(line.message, class_name="t12 pretty"),
            rx.el.div(line.reason, class_name="t12 muted pretty"),
            min_width="min(240px, 42vw)",
        )

    def when(line: Any) -> rx.Component:
        channel = rx.cond(line.channel == "sms", icon("message-square", label="SMS"), icon("mail", label="E-mail"))
        return row(channel, rx.el.span(line.when, class_name="num nowrap"))

    return card(
        list_table(
            ActionsState,
            [
                Column("Customer", person),
                Column("What and why", why, phone="under", whole=True),
                Column("When", when, sort="scheduled_date", phone="hide"),
                Column("Priority", lambda line: priority(line.total, line.value, line.response, line.margin,
                                                         line.fatigue), sort="priority_score", number=True),
                *([Column("", edit_menu)] if tools is not None else []),
            ],
            label="Actions",
            empty=rx.cond(
                ActionsState.day != "",
                empty("No action on this day", "Choose another day of the week.", icon="calendar"),
                empty("The plan holds no action", "Why not stands below, under Why this plan.", icon="calendar"),
            ),
        ),
        list_pager(ActionsState),
        title="Actions",
        aside=tools if tools is not None else priority_legend(),
        foot=priority_legend() if tools is not None else "",
        flush=True,
    )  # fmt: skip


def _simulation() -> rx.Component:
    return card(
        col(
            rx.el.div(
                row(
                    rx.el.span("Expected incremental profit", class_name="t12 muted"),
                    badge(PLAN.basis, "amber", dot=False),
                ),
                rx.el.div(PLAN.profit, font="600 var(--t-26)", class_name="num"),
                rx.el.div(
                    f"Four times in five between {PLAN.low} and {PLAN.high}, after discount and cost",
                    class_name="t12 muted",
                ),
                rx.el.div(PLAN.uplift, class_name="t12 pretty"),
            ),
            interval(PLAN.marks, PLAN.low, PLAN.high, "$0", PLAN.sentence),
            rx.el.dl(rx.foreach(PLAN.facts, _fact), class_name="kv"),
            gap=12,
        ),
        title="Simulation",
        aside=rx.el.span(PLAN.sends + " messages", class_name="t12 muted"),
        foot=rx.el.span(
            "In brackets what four of five imagined weeks held, out of ten thousand.", class_name="t12 muted"
        ),
    )


def _fact(fact: Any) -> rx.Component:
    return rx.fragment(rx.el.dt(fact.label), rx.el.dd(fact.value))


def _foreseen() -> rx.Component:
    return rx.cond(
        PLAN.foreseen != "",
        rx.fragment(
            card(
                rx.el.dl(rx.foreach(PLAN.obstacles, _fact), class_name="kv"),
                title="Predicted blocks",
                aside=rx.el.span(PLAN.foreseen, class_name="t12 muted"),
                foot=rx.el.span("Each message asked about at its own planned moment.", class_name="t12 muted"),
            ),
            card(
                rx.el.dl(rx.foreach(PLAN.tired, _fact), class_name="kv"),
                title="Fatigue",
                aside=rx.el.span("all campaigns together", class_name="t12 muted"),
            ),
        ),
        rx.fragment(),
    )


def _blocked() -> rx.Component:
    return rx.cond(
        rx.Var.create(PLAN.blocks).length() > 0,
        card(
            rx.el.dl(rx.foreach(PLAN.blocks, _fact), class_name="kv"),
            title="Not written to, each for one reason",
            aside=rx.el.span(PLAN.blocked, class_name="t12 muted"),
        ),
        rx.fragment(),
    )  # fmt: skip


def _limits() -> rx.Component:
    return card(
        rx.el.dl(rx.foreach(PLAN.limits, _fact), class_name="kv"),
        title="Constraints",
        aside=allowed(Permission.SETTINGS_ADMIN, rx.el.a("Settings", href="/settings", class_name="link t12")),
    )
