"""Learning: what the agent believes a message changes, from how many people, and what it will try."""

from __future__ import annotations

import reflex as rx

from liquor_app.screens.experiments.learning.effects_panel import effects_card
from liquor_app.screens.experiments.learning.effects_state import EffectsState
from liquor_app.screens.experiments.learning.rules_panel import rules_card
from liquor_app.screens.experiments.learning.rules_state import RulesState
from liquor_app.screens.experiments.learning.state import LearningState
from liquor_app.ui.badge import badge
from liquor_app.ui.button import button
from liquor_app.ui.card import card, note
from liquor_app.ui.empty import empty
from liquor_app.ui.frame.page_spec import Page, page_head
from liquor_app.ui.grid import col, grid
from liquor_app.ui.skeleton import skeleton_lines
from liquor_app.ui.table import Column, folded_table

SUMMARY = LearningState.summary


def learning_page() -> rx.Component:
    return rx.fragment(
        page_head(
            "Learning",
            "Buyers a message wins of a hundred people written to: what the agent believes, how sure it is, from how"
            " many messages.",
            rx.cond(
                LearningState.may_learn,
                button("Learn now", on_click=LearningState.learn_now, icon="refresh-cw"),
                rx.fragment(),
            ),
        ),
        grid(
            card(
                rx.cond(LearningState.loading, skeleton_lines(3), _summary()),
                title="Messages as a whole",
                class_name="c4",
            ),
            card(
                _trials(),
                title="What it will try next, and why",
                foot=rx.el.span(
                    "Worth is what the purchases won bring, less the discount of everybody who takes it and sending.",
                    class_name="t12 muted",
                ),
                flush=True,
                class_name="c8",
            ),
            card(_cells(), title="What was tried", flush=True, class_name="c12"),
            effects_card(),
            _played(),
            rules_card(),
            card(
                _policies(),
                title="What if last quarter …",
                aside=button("Work it out", on_click=LearningState.ask, small=True),
                flush=True,
                class_name="c12",
            ),
            rx.el.div(
                note(
                    "A purchase counts in the week from the decision on. The same plan is made for the held out, so"
                    " the two are alike. Intervals of what is believed are 80%, of what was measured 95%.",
                    icon="flask-conical",
                ),
                class_name="c12",
            ),
        ),
    )


def _summary() -> rx.Component:
    return col(
        rx.el.div(SUMMARY.mean, font="600 var(--t-26)", class_name="num"),
        rx.el.div("of a hundred, four times in five " + SUMMARY.interval, class_name="t12 muted num"),
        rx.el.div(SUMMARY.from_people, class_name="num"),
        rx.el.p(SUMMARY.meaning, class_name="t12 muted pretty"),
        rx.el.div(SUMMARY.since, class_name="t12 muted num"),
        gap=8,
    )


def _trials() -> rx.Component:
    return folded_table(
        rx.Var.create(SUMMARY.trials),
        [
            Column("Segment", lambda line: line.segment),
            Column("Worth most to somebody usual", lambda line: line.most, phone="under", whole=True),
            Column("Buyers of 100", lambda line: line.wins, number=True),
            Column("Known least, tried at random too", lambda line: line.doubt, phone="under", named=True, whole=True),
        ],
        label="What people of each segment will most likely get next, and what is known least",
        others="segments",
        loading=LearningState.loading,
        empty=empty("No playbook yet", "Segments say in their playbooks what may be offered.", icon="layers"),
    )


def _cells() -> rx.Component:
    return folded_table(
        rx.Var.create(LearningState.cells),
        [
            Column("Segment", lambda line: line.segment),
            Column("Offer", lambda line: line.offer, phone="under", whole=True),
            Column("Channel", lambda line: line.channel, phone="under", whole=True),
            Column("Buyers of 100", lambda line: line.mean, number=True),
            Column("80% interval", lambda line: line.interval, number=True, phone="under", named=True),
            Column("Since last week", lambda line: line.change, number=True, phone="hide"),
            Column("From", lambda line: badge(line.learned, line.tone), phone="under", whole=True),
        ],
        label="What was tried, and what it is believed to change",
        others="kinds of messages",
        loading=LearningState.loading,
        empty=empty(
            "Nothing was learned yet",
            "A campaign teaches once it was sent with people held out and its week is over.",
            icon="flask-conical",
        ),
    )


def _played() -> rx.Component:
    return rx.cond(
        rx.Var.create(LearningState.played).length() > 0,
        card(
            folded_table(
                rx.Var.create(LearningState.played),
                [
                    Column(
                        "Campaign",
                        lambda line: rx.cond(
                            line.href != "", rx.el.a(line.name, href=line.href, class_name="med"), rx.el.b(line.name)
                        ),
                    ),
                    Column("Written to", lambda line: line.written, number=True, phone="under", named=True),
                    Column("Held out", lambda line: line.held_out, number=True, phone="under", named=True),
                    Column("Bought", lambda line: line.buyers, number=True, phone="under", named=True),
                    Column("Buyers won (95%)", lambda line: line.won, number=True, phone="under", named=True),
                    Column(
                        "Incremental profit (95%)",
                        lambda line: rx.el.b(line.profit),
                        number=True,
                        phone="under",
                        named=True,
                    ),
                ],
                label="Weeks that were played",
                others="weeks",
                dense=True,
                empty=rx.fragment(),
            ),
            title="Weeks that were played",
            foot=rx.el.span(
                "Simulated: nothing was learned from them. Each says on its page what would have been.",
                class_name="t12 muted",
            ),
            flush=True,
            class_name="c12",
        ),
        rx.fragment(),
    )


def _policies() -> rx.Component:
    return folded_table(
        rx.Var.create(LearningState.policies),
        [
            Column("Policy", lambda line: rx.fragment(line.policy, rx.el.small(line.others))),
            Column("Buyers of 100", lambda line: line.bought, number=True),
            Column("95% interval", lambda line: line.interval, number=True, phone="under"),
            Column("Rests on", lambda line: line.rests_on, phone="under", named=True, whole=True),
        ],
        label="What other policies would have brought",
        others="policies",
        empty=empty(
            "Not worked out yet",
            rx.cond(
                LearningState.refused != "",
                LearningState.refused,
                "From decisions that were left to chance it can be told what another policy would have brought.",
            ),
            icon="scale",
        ),
    )


PAGES = (
    Page(
        "/learning",
        "Learning",
        learning_page,
        icon="flask-conical",
        on_load=[LearningState.load, EffectsState.load, RulesState.load],
        nav_group="main",
    ),
)
