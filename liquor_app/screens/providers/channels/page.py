"""Channels: who carries e-mail and SMS, in which order, and how it goes."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission
from liquor_app.screens.providers.channels.dialogs import dialogs
from liquor_app.screens.providers.channels.form_state import ProviderFormState
from liquor_app.screens.providers.channels.senders_panel import senders_card
from liquor_app.screens.providers.channels.senders_state import SendersState
from liquor_app.screens.providers.channels.state import ChannelsState, ProviderLine
from liquor_app.screens.providers.channels.test_state import ChannelTrialState
from liquor_app.screens.session.role_controls import roles_of
from liquor_app.ui.badge import badge
from liquor_app.ui.button import button, icon_button
from liquor_app.ui.card import card, list_item, note, plain_list
from liquor_app.ui.empty import empty
from liquor_app.ui.forms.choice import switch
from liquor_app.ui.forms.filters import choice_chip
from liquor_app.ui.frame.page_spec import Page, page_head
from liquor_app.ui.grid import col, grid, row, span
from liquor_app.ui.table import Column, table


def channels_page() -> rx.Component:
    return rx.fragment(
        page_head(
            "Channels",
            "Who carries your messages. The first that is on and well is used; the next ones wait for its failure.",
            button("Carrier registration", icon="file-check", href="/settings/channels/carriers"),
            crumbs=(("Settings", "/settings"),),
        ),
        col(
            _standing(),
            grid(
                span(
                    7,
                    _channel("email", "E-mail", ChannelsState.email, ChannelsState.more_email),
                    _channel("sms", "SMS", ChannelsState.sms, ChannelsState.more_sms),
                    align_self="start",
                ),
                span(5, _health(), _bounces(), senders_card(), align_self="start"),
            ),
            gap=16,
        ),
        dialogs(),
    )


def _standing() -> rx.Component:
    sandbox = note(
        rx.el.b("To the sandbox: " + ChannelsState.only_sandbox + ". "),
        "Nothing of it leaves the house; read it in the outbox. Set a provider up, test it, switch it on and move it"
        " above the sandbox before you send for real.",
        tone="amber",
        icon="flask-conical",
    )
    leaking = note(
        rx.el.b(ChannelsState.leaking + " would fall into the sandbox. "),
        "If every provider before it fails, messages end there: counted as sent, read by nobody. Switch the sandbox off"
        " once you send for real; then they wait instead.",
        tone="amber",
        icon="triangle-alert",
    )
    nobody = note(
        rx.el.b("Nobody carries " + ChannelsState.uncarried + ". "),
        "Its messages wait until a provider is on.",
        tone="red",
        icon="octagon-x",
    )
    return rx.fragment(
        rx.cond(ChannelsState.uncarried != "", nobody, rx.fragment()),
        rx.cond(ChannelsState.leaking != "", leaking, rx.fragment()),
        rx.cond(ChannelsState.only_sandbox != "", sandbox, rx.fragment()),
    )


def _channel(channel: str, title: str, lines: Any, more: Any) -> rx.Component:
    add = rx.cond(
        more.length() > 0,
        choice_chip("Add a provider", more, lambda name: ProviderFormState.open(channel, name)),
        rx.fragment(),
    )
    return card(
        rx.cond(
            (lines.length() == 0) & ~rx.Var.create(ChannelsState.loading),
            empty("No provider", "Add one; messages wait until then.", icon="radio-tower"),
            plain_list(rx.foreach(lines, _provider)),
        ),
        title=title,
        aside=add,
        flush=True,
    )


def _provider(line: rx.Var[ProviderLine]) -> rx.Component:
    state = rx.match(
        line.state,
        ("on", badge("On", "green")),
        ("paused", badge("Paused", "amber")),
        ("probing", badge("Being tried", "amber")),
        badge("Off", "outline"),
    )

    def step(symbol: str, words: str, up: bool) -> rx.Component:
        on_click = ChannelsState.move(line.channel, line.provider, up)
        return icon_button(symbol, "Try " + line.name + words, on_click=on_click)

    order = rx.el.div(step("chevron-up", " earlier", True), step("chevron-down", " later", False), class_name="col")
    trouble = rx.cond(
        line.why != "",
        note(
            line.why,
            tone="amber",
            icon="circle-pause",
            action=button("Try again now", small=True, on_click=ChannelsState.retry(line.provider)),
        ),
        rx.fragment(),
    )
    words = rx.el.div(
        row(
            rx.el.span(line.place, class_name="muted num"),
            rx.el.b(line.name),
            state,
            rx.cond(line.sandbox, badge("Delivers nothing", "amber", dot=False), rx.fragment()),
            wrap=True,
        ),
        rx.el.p(line.rate, rx.cond(line.warmup != "", ". " + line.warmup, ""), class_name="t12 muted pretty"),
        trouble,
        row(
            switch("On", checked=line.enabled, on_change=ChannelsState.switch(line.channel, line.provider)),
            button(
                "Settings",
                small=True,
                icon="settings-2",
                on_click=ProviderFormState.open(line.channel, line.provider),
            ),
            button(
                "Test to me",
                small=True,
                icon="send",
                on_click=ChannelTrialState.open(line.channel, line.provider),
            ),
            gap=12,
            wrap=True,
        ),
        class_name="col g8 grow",
    )
    return list_item(order, words)


def _health() -> rx.Component:
    def share(words: Any, tone: Any) -> rx.Component:
        mark = rx.cond(tone != "", rx.el.i(class_name="dot " + tone, aria_hidden="true"), rx.fragment())
        verdict = rx.match(tone, ("green", "fine"), ("amber", "in danger"), ("red", "too many"), "too few to tell")
        return rx.fragment(rx.el.span(mark, words, class_name="row g4 num"), rx.el.small(verdict, class_name="muted"))

    marks = "Bounces: in danger from 2%, closed from 5%. Complaints: in danger from 0.1%, refused from 0.3%."
    return card(
        table(
            ChannelsState.health,
            [
                Column("Channel", lambda line: rx.fragment(rx.el.b(line.channel), rx.el.small(line.sends))),
                Column("Bounced", lambda line: share(line.bounces, line.bounce_tone)),
                Column("Complained", lambda line: share(line.complaints, line.complaint_tone)),
            ],
            label="How healthy the sender is",
        ),
        title="Sender health",
        aside="last 30 days",
        foot=marks,
        flush=True,
    )


def _bounces() -> rx.Component:
    def places(lines: Any, name: str) -> rx.Component:
        return table(
            lines,
            [
                Column(name, lambda line: rx.el.span(line.name, overflow_wrap="anywhere")),
                Column("Soft", lambda line: line.soft, number=True),
                Column("Hard", lambda line: line.hard, number=True),
            ],
            label=f"Bounced e-mail by {name.lower()}",
            dense=True,
        )

    nothing = empty(
        "Nothing bounced", "E-mail that comes back stands here, by day and by who refused it.", icon="mail-check"
    )
    foot = (
        "Soft: not now (a full mailbox, a busy server); five in a row over a week, and an address is given up. Hard:"
        " the address is dead, and given up at once. Many of one domain at once: your name is refused, see below."
    )
    return card(
        rx.cond(
            ChannelsState.bounce_days.length() == 0,  # type: ignore[attr-defined]
            nothing,
            col(
                places(ChannelsState.bounce_domains, "Receiving domain"),
                places(ChannelsState.bounce_days, "Day"),
                gap=16,
            ),
        ),
        title="Bounced e-mail",
        aside=ChannelsState.bounce_words,
        foot=foot,
        flush=True,
    )


PAGES = (
    Page(
        "/settings/channels",
        "Channels",
        channels_page,
        icon="radio-tower",
        on_load=[ProviderFormState.clear, ChannelTrialState.clear, ChannelsState.load, SendersState.load],
        nav_group="admin",
        roles=roles_of(Permission.CHANNELS_READ),
    ),
)
