"""A campaign's page: review and approve its plan, then watch it go out."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission
from liquor_app.campaigns.models import CampaignStatus
from liquor_app.screens.analytics.attribution.panel import attribution_card
from liquor_app.screens.analytics.attribution.state import AttributionState
from liquor_app.screens.analytics.parts.panel import parts_cards
from liquor_app.screens.analytics.parts.state import PartsState
from liquor_app.screens.campaigns.detail.coupons_panel import codes_card
from liquor_app.screens.campaigns.detail.coupons_state import CodesState
from liquor_app.screens.campaigns.detail.licence_dialog import licence_dialog
from liquor_app.screens.campaigns.detail.outlook_dialog import no_longer_allowed, outlook_dialog
from liquor_app.screens.campaigns.detail.outlook_state import OutlookState
from liquor_app.screens.campaigns.detail.plan_panel import actions_card, beliefs_card, plan_review
from liquor_app.screens.campaigns.detail.planned_actions_state import ActionsState
from liquor_app.screens.campaigns.detail.resend_panel import again_note, again_questions, days_and_reasons
from liquor_app.screens.campaigns.detail.resend_state import AgainState
from liquor_app.screens.campaigns.detail.simulate_state import SimulateState
from liquor_app.screens.campaigns.detail.state import CampaignState, PanelsState
from liquor_app.screens.campaigns.detail.versions_panel import why_this_plan
from liquor_app.screens.campaigns.detail.versions_state import VersionsState
from liquor_app.screens.details.view import found
from liquor_app.screens.experiments.ab_test.panel import ab_test_card, ab_test_dialogs
from liquor_app.screens.experiments.ab_test.state import AbTestState
from liquor_app.screens.experiments.campaign_effect.effect_panel import effect_card
from liquor_app.screens.experiments.campaign_effect.effect_state import CampaignEffectState
from liquor_app.screens.experiments.played.played_panel import played_card
from liquor_app.screens.experiments.played.played_state import PlayedState
from liquor_app.screens.organization.audit.link import audit_link
from liquor_app.screens.session.role_controls import allowed
from liquor_app.screens.shell.state import ShellState
from liquor_app.ui.badge import badge, live, status_badge
from liquor_app.ui.button import button, icon_button, rows_link
from liquor_app.ui.card import card, note
from liquor_app.ui.charts.bars import funnel, numbers
from liquor_app.ui.charts.progress import bar
from liquor_app.ui.empty import empty
from liquor_app.ui.forms.dialog import confirm, dialog
from liquor_app.ui.forms.menu import Item, menu
from liquor_app.ui.frame.page_spec import Page, page_head
from liquor_app.ui.grid import col, grid, row
from liquor_app.ui.icon import icon
from liquor_app.ui.table import Column, table

HEAD = CampaignState.head


def campaign_page() -> rx.Component:
    body = col(
        _head(),
        rx.cond(HEAD.under_way, _running(), rx.fragment()),
        rx.cond(HEAD.reviewing, rx.fragment(no_longer_allowed(), plan_review()), rx.fragment()),
        _questions(),
        ab_test_dialogs(),
        licence_dialog(),
        gap=16,
    )
    return found(CampaignState, "campaign", "All campaigns", "/campaigns", body)


def _edit() -> rx.Component:
    """Draw a draft, new or sent back, is changed where it was made."""
    return button("Edit", icon="pencil", href="/campaigns/new?draft=" + HEAD.id)


def _act(verb: str, label: str, kind: Any = "plain", symbol: str = "", **props: Any) -> rx.Component:
    return button(label, kind=kind, icon=symbol, on_click=CampaignState.act(verb), **props)


def _back() -> rx.Component:
    return button("Send back", on_click=CampaignState.ask("send_back"))


def _goes(verb: str, label: str, kind: Any = "plain", symbol: str = "") -> rx.Component:
    """Draw what sets messages going: not to be had while all sending is stopped."""
    stopped = ShellState.stopped != ""
    why = rx.cond(stopped, "All sending is stopped: resume it first, in the banner above.", "")
    return _act(verb, label, kind, symbol, disabled=stopped, title=why)


def _head() -> rx.Component:
    by_status = rx.match(
        HEAD.status,
        (
            "draft",
            row(
                _edit(),
                rx.cond(HEAD.has_plan, _act("submit", "Put up for approval", symbol="clipboard-check"), rx.fragment()),
                button(rx.cond(HEAD.has_plan, "Plan again", "Generate plan"), kind="primary", icon="sparkles",
                       busy=CampaignState.busy, on_click=CampaignState.act("plan")),
            ),
        ),
        ("awaiting_approval", row(_act("plan", "Plan again", symbol="refresh-cw", busy=CampaignState.busy), _back(),
                                  button("Approve plan", kind="primary", icon="check",
                                         on_click=CampaignState.approve("approve", CampaignState.seen)))),
        ("scheduled", row(_back(), _goes("start", "Start now", symbol="send"),
                          _goes("play", "Play the week", "primary", "play"))),
        ("active", _act("pause", "Pause", symbol="pause")),
        ("paused", _goes("resume", "Resume", "primary", "play")),
        rx.fragment(),
    )  # fmt: skip
    is_draft = HEAD.status == CampaignStatus.DRAFT.value
    more = menu(
        icon_button("ellipsis", "More", boxed=True),
        Item("Cancel campaign", CampaignState.ask("cancel"), "ban", danger=True),
        Item("Delete draft", CampaignState.ask("delete"), "trash-2", danger=True, when=is_draft),
    )
    over = (HEAD.status == CampaignStatus.COMPLETED.value) | (HEAD.status == CampaignStatus.CANCELLED.value)
    return page_head(
        HEAD.name,
        HEAD.words,
        audit_link("campaign", HEAD.id),
        allowed(Permission.CAMPAIGNS_WRITE, by_status, rx.cond(over, rx.fragment(), more)),
        crumbs=(("Campaigns", "/campaigns"),),
        badge=row(
            status_badge(HEAD.status),
            rx.cond(HEAD.autopilot, badge("approved by autopilot", "amber", dot=False), rx.fragment()),
            rx.cond(HEAD.history, badge("history of the sample", dot=False), rx.fragment()),
        ),
    )


def _running() -> rx.Component:
    progress = card(
        row(
            row(
                rx.cond(HEAD.status == CampaignStatus.ACTIVE.value, live(""), rx.fragment()),
                rx.el.b(HEAD.done, class_name="strong"),
                rx.el.span(HEAD.percent_words, class_name="muted"),
            ),
            rx.el.span(rx.cond(HEAD.clock != "", HEAD.clock, HEAD.line), class_name="t12 muted", role="status"),
            apart=True,
            wrap=True,
        ),
        rx.el.div(bar(HEAD.percent, "Messages done"), margin="12px 0 4px"),
        rx.cond(
            PlayedState.week.is_shown,
            rx.fragment(),  # what was simulated stands below, marked; nobody really bought
            numbers(
                (
                    "Attributed orders",
                    rows_link(HEAD.bought, HEAD.bought_rows, "Attributed orders"),
                    "by coupon or last click; some would have bought anyway",
                    "",
                ),
                (
                    "Attributed revenue",
                    rows_link(HEAD.revenue, HEAD.bought_rows, "Attributed revenue"),
                    "what these orders came to",
                    "",
                ),
                ("Came back", CampaignState.returned, "returned since by those who bought; not taken off", ""),
                ("Held out", HEAD.held_out, "not contacted, to measure against", ""),
            ),
        ),
    )
    unknown = note(
        rx.el.b(HEAD.unknown + " messages are unknown. "),
        "The request left and no answer came. They are neither lost nor sent again by themselves.",
        tone="amber",
        icon="circle-help",
        action=button("Decide them", small=True, href="/outbox"),
    )
    return col(
        progress,
        played_card(),
        rx.cond(HEAD.unknown != "", unknown, rx.fragment()),
        rx.cond(PlayedState.week.is_shown, rx.fragment(), effect_card()),  # a played week has its own, simulated
        rx.cond(PlayedState.week.is_shown, rx.fragment(), rx.cond(CampaignState.steps, _funnel(), rx.fragment())),
        rx.cond(PlayedState.week.is_shown, rx.fragment(), attribution_card()),
        parts_cards(),
        ab_test_card(),
        again_note(),
        codes_card(),
        grid(
            card(_ledger(), title="Ledger", aside="each message counted once", flush=True, class_name="c5"),
            card(_sends(), title="As it happens", flush=True, class_name="c7"),
        ),
        days_and_reasons(),
        rx.cond(HEAD.history, rx.fragment(), rx.fragment(_went_out(), beliefs_card())),
        why_this_plan(),
        gap=16,
    )


def _funnel() -> rx.Component:
    return card(
        funnel(CampaignState.steps, "From the plan to attributed orders"),
        title="What became of them",
        aside=rx.el.span("Openings and clicks of machines are left out", class_name="t12 muted"),
    )


def _ledger() -> rx.Component:
    return table(
        CampaignState.ledger,
        [
            Column("Status", lambda line: status_badge(line.status)),
            Column("What it means", lambda line: line.words, phone="hide", wide=True),
            Column("Messages", lambda line: rows_link(line.messages, line.href, line.status), number=True),
            Column("Share", lambda line: line.share, number=True, phone="hide"),
        ],
        label="Messages by status",
        loading=CampaignState.loading,
        dense=True,
        empty=empty("Nothing in the ledger yet", "The worker puts the plan's messages here first.", icon="list"),
    )


def _sends() -> rx.Component:
    return table(
        CampaignState.sends,
        [
            Column("Customer", lambda line: line.customer),
            Column("", lambda line: rx.cond(line.channel == "sms", icon("message-square", label="SMS"),
                                            icon("mail", label="E-mail")), phone="hide"),
            Column("Message", lambda line: line.subject, phone="under", wide=True),
            Column("Status", lambda line: status_badge(line.status)),
            Column("When", lambda line: line.when, number=True, phone="hide"),
        ],
        label="Latest messages of this campaign",
        loading=CampaignState.loading,
        dense=True,
        href=lambda line: "/outbox?send=" + line.id,
        empty=empty("Nothing sent yet", "Messages show up here as they leave.", icon="mail"),
    )  # fmt: skip


def _went_out() -> rx.Component:
    return rx.cond(CampaignState.plan.id != "", actions_card(), rx.fragment())


def _send_back() -> rx.Component:
    """Ask before an approval is taken back, or a plan that waits for one is put aside."""
    approved = HEAD.status == CampaignStatus.SCHEDULED.value
    return dialog(
        "Send “" + HEAD.name + "” back?",
        description=rx.cond(
            approved,
            "It is a draft again and its approval is gone: none of its messages goes out before it is approved anew.",
            "It is a draft again, to be changed and put up for approval anew.",
        ),
        open=CampaignState.asking == "send_back",
        on_open_change=CampaignState.ask(""),
        foot=row(
            button("Cancel", on_click=CampaignState.ask("")),
            _act("send_back", "Send it back", "primary"),
        ),
        max_width="460px",
    )


def _questions() -> rx.Component:
    return rx.fragment(
        _send_back(),
        confirm(
            "Cancel “" + CampaignState.head.name + "”?",
            "What waits will never be sent. What is on its way arrives. This cannot be taken back.",
            "Cancel campaign",
            open=CampaignState.asking == "cancel",
            on_open_change=CampaignState.ask(""),
            on_confirm=CampaignState.act("cancel"),
            danger=True,
        ),
        confirm(
            "Delete the draft “" + CampaignState.head.name + "”?",
            "Its plan and proposed actions go with it. Only drafts can be deleted.",
            "Delete draft",
            open=CampaignState.asking == "delete",
            on_open_change=CampaignState.ask(""),
            on_confirm=CampaignState.delete,
            danger=True,
        ),
        outlook_dialog(),
        again_questions(),
    )


PAGES = (
    Page(
        "/campaigns/[campaign_id]",
        "Campaign",
        campaign_page,
        on_load=[
            CampaignState.load,
            ActionsState.load,
            VersionsState.load,
            AgainState.load,
            SimulateState.load,
            OutlookState.load,
            CodesState.load,
            CampaignEffectState.load,
            AbTestState.load,
            AttributionState.load,
            PartsState.load,
            CampaignState.live,
            VersionsState.live,
            PanelsState.live,
        ],
        parent="/campaigns",
    ),
)
