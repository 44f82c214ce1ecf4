"""Plans side by side, and why a version is as it is."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission
from liquor_app.campaigns.models import CampaignStatus
from liquor_app.screens.campaigns.detail.edits_state import EditsState
from liquor_app.screens.campaigns.detail.state import CampaignState
from liquor_app.screens.campaigns.detail.versions_state import VersionsState
from liquor_app.screens.listing.view import list_filters, list_pager, list_table
from liquor_app.screens.session.role_controls import allowed
from liquor_app.ui.badge import badge
from liquor_app.ui.button import button
from liquor_app.ui.card import card, list_item, plain_list
from liquor_app.ui.empty import empty
from liquor_app.ui.forms.choice import select
from liquor_app.ui.forms.dialog import confirm
from liquor_app.ui.grid import col, row
from liquor_app.ui.table import Column, table

SIDE, WHY = VersionsState.side, VersionsState.why


def side_by_side() -> rx.Component:
    """Draw the optimiser's plan beside the AI planner's, while both are on the table."""
    choose = rx.cond(
        CampaignState.head.status == CampaignStatus.SCHEDULED.value,
        rx.fragment(),
        allowed(
            Permission.CAMPAIGNS_WRITE,
            button("Choose the other", icon="arrow-left-right", small=True, on_click=VersionsState.ask(True)),
        ),
    )
    body = card(
        rx.el.p(SIDE.summary, class_name="muted pretty", padding="12px 16px 4px"),
        table(
            SIDE.figures,
            [
                Column("", lambda line: rx.el.b(line.label, class_name="med")),
                Column("Optimiser", lambda line: _estimate(line.left, line.left_range), number=True),
                Column("AI planner", lambda line: _estimate(line.right, line.right_range), number=True),
                Column("Difference", lambda line: rx.el.span(line.difference, class_name=line.tone), number=True,
                       phone="hide"),
            ],
            label="Both plans in figures",
            empty=rx.fragment(),
        ),
        rx.el.details(
            rx.el.summary("Where they differ most", class_name="link", padding="12px 16px"),
            table(
                SIDE.cells,
                [
                    Column("Segment", lambda line: rx.fragment(rx.el.b(line.who, class_name="med"),
                                                               rx.el.small(line.offer))),
                    Column("When", lambda line: rx.el.span(line.when, class_name="num nowrap"), phone="under"),
                    Column("By", lambda line: line.channel, phone="hide"),
                    Column("Optimiser", lambda line: line.left, number=True),
                    Column("AI planner", lambda line: line.right, number=True),
                    Column("Difference", lambda line: line.difference, number=True, phone="hide"),
                ],
                label="Messages by segment, day, channel and offer in both plans",
                dense=True,
                empty=empty("They send the same", "Only the words differ.", icon="equal"),
            ),
        ),
        rx.el.details(
            rx.el.summary("What they say", class_name="link", padding="12px 16px"),
            table(
                SIDE.copy,
                [
                    Column("To", lambda line: rx.fragment(rx.el.b(line.who, class_name="med"),
                                                          rx.el.small(line.channel))),
                    Column("Optimiser", lambda line: rx.el.div(line.left, class_name="t12 pretty"), phone="under",
                           whole=True),
                    Column("AI planner", lambda line: rx.el.div(line.right, class_name="t12 pretty"), phone="under",
                           whole=True),
                ],
                label="The words of both plans",
                dense=True,
                empty=empty("They say the same", "No subject or sentence differs.", icon="equal"),
            ),
        ),
        title="Two plans side by side",
        aside=row(
            rx.el.span(SIDE.left, " and ", SIDE.right, class_name="t12 muted"), choose, wrap=True
        ),
        flush=True,
    )  # fmt: skip
    question = confirm(
        "Choose the other plan?",
        "Its actions take the place of the current ones. What was changed by hand stays with each plan, and this one"
        " can be chosen back until one is approved.",
        "Choose it",
        open=VersionsState.asking,
        on_open_change=VersionsState.ask(False),
        on_confirm=VersionsState.choose,
    )
    return rx.cond(SIDE.other_id != "", rx.fragment(body, question), rx.fragment())


def _estimate(value: Any, span: Any) -> rx.Component:
    return rx.fragment(value, rx.cond(span != "", rx.el.div(span, class_name="t12 muted nowrap"), rx.fragment()))


def why_this_plan() -> rx.Component:
    """Draw the reasoning that stays with each version: the brief, what was chosen and rejected, who changed what."""

    def entry(one: Any) -> rx.Component:
        tag = rx.match(
            one.kind,
            ("rejected", badge("rejected", "amber", dot=False)),
            ("limit", badge("limit", dot=False)),
            ("engine", badge("engine", "blue", dot=False)),
            ("theme", badge("theme", "blue", dot=False)),
            ("assumption", badge("assumption", dot=False)),
            rx.fragment(),
        )
        return list_item(
            rx.el.div(row(rx.el.b(one.title, class_name="med"), tag), rx.el.p(one.text, class_name="muted pretty"))
        )

    body = card(
        rx.el.p(WHY.made, class_name="t12 muted", padding="8px 16px"),
        plain_list(rx.foreach(WHY.reasoning, entry)),
        title="Why this plan",
        aside=select(
            "Version",
            rx.Var.create(VersionsState.options),
            value=VersionsState.shown,
            on_change=VersionsState.show,
            class_name="sm",
            width="240px",
        ),
        foot=rx.el.span("Stays with the plan for ever.", class_name="t12 muted"),
        flush=True,
    )
    return rx.cond(WHY.version != "", col(body, _by_hand(), gap=16), rx.fragment())


def _by_hand() -> rx.Component:
    """Draw what people changed in this version; what was changed together is one, and undone as one."""

    def what(line: Any) -> rx.Component:
        mark = rx.cond(line.undone, badge("taken back", dot=False), rx.fragment())
        return rx.fragment(row(rx.el.b(line.kind, class_name="med"), mark), rx.el.small(line.what))

    return card(
        list_filters(EditsState),
        list_table(
            EditsState,
            [
                Column("Change", what),
                Column("By", lambda line: line.who, phone="under"),
                Column("When", lambda line: rx.el.span(line.when, class_name="num nowrap"), sort="at"),
                Column("Messages", lambda line: line.messages, sort="actions", number=True, phone="hide"),
            ],
            label="Changes by hand to this plan",
            dense=True,
            empty=empty(
                "Nothing was changed by hand", "What you take out, move or say otherwise stands here.", icon="pencil"
            ),
        ),
        list_pager(EditsState, quiet=True),
        title="Changed by hand",
        flush=True,
    )
