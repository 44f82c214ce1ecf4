"""A campaign's A/B test on its page: its form while nothing is approved, what it shows afterwards."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import reflex as rx

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.campaigns.models import OPEN
from liquor_app.campaigns.service import get_campaign
from liquor_app.core.db import transaction
from liquor_app.core.errors import AppError, Invalid, NotFound
from liquor_app.core.ids import parse_id
from liquor_app.experiments.ab_tests.ab_store import AbTestRow, offer_labels
from liquor_app.experiments.ab_tests.judge_tests import ab_result, detectable_words
from liquor_app.experiments.ab_tests.models import AbStatus, AbTopic, Measure
from liquor_app.experiments.ab_tests.service import (
    AbAsked,
    choose_ab_winner,
    define_ab_test,
    get_ab_test,
    note_learned,
    remove_ab_test,
    stop_ab_test,
)
from liquor_app.experiments.ab_tests.variants import KEYS
from liquor_app.organization.models import Channel
from liquor_app.planning.plan_store import get_plan
from liquor_app.screens.experiments.ab_test.view import (
    PLAYED_WORDS,
    STATUS,
    VariantLine,
    state_words,
    uneven_words,
    variant_lines,
)
from liquor_app.screens.forms.state import FormState, submits
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.ui.address import last_part
from liquor_app.ui.forms.form_data import typed
from liquor_app.ui.toast import toast_done

FIELDS = ("name", "hypothesis", "topic", "channel", "measure", "variant_b", "variant_c", "variant_d", "decide_on")


class AbTestState(FormState, rx.State):
    """`asking` is "form", "learned", "remove" or "stop", or the letter of a variant that is to win."""

    has_test: bool = False
    can_change: bool = False
    """Nothing is approved yet."""
    is_open: bool = False
    is_begun: bool = False
    asking: str = ""
    name: str = ""
    hypothesis: str = ""
    status: str = ""
    tone: str = ""
    words: str = ""
    power: str = ""
    learned: str = ""
    lines: list[VariantLine] = []
    form_values: dict[str, str] = {}
    topic: str = AbTopic.SUBJECT.value
    """What differs, as it is chosen in the open form: what else it asks for hangs on it."""
    offers: list[tuple[str, str]] = []
    """Of the campaign's playbooks, as a drop-down has them."""
    ends_itself: bool = False
    """Nothing can take the rest of it: it is compared to the end."""
    _of: str = ""
    """The campaign all of this is of."""

    def _id(self) -> UUID:
        return parse_id(last_part(self), "campaign")

    def _fields(self) -> tuple[str, ...]:
        return (*FIELDS, "learned")

    def _asked(self) -> bool:
        return self.asking in ("form", "learned")

    def _shut(self) -> None:
        self.asking = ""

    @rx.event
    @guarded
    @needs(Permission.CAMPAIGNS_READ)
    async def load(self) -> None:
        here = last_part(self)
        if not self.dirty or self._of != here:
            self.reset()
        self._of = here
        try:
            await self._read()
        except AppError:
            # a campaign that is not there is told by the page's own state
            return

    async def _read(self) -> None:
        actor, campaign_id = await signed_in(self), self._id()
        async with transaction() as session:
            campaign = await get_campaign(session, actor, campaign_id)
            test = await get_ab_test(session, actor, campaign_id)
            result = None if test is None else await ab_result(session, actor, campaign_id)
            plan = await get_plan(session, actor, campaign.plan_id) if campaign.plan_id and test is not None else None
            drawn = plan.summary.get("ab_test") if plan else None
            power = "" if test is None or test.is_begun else await detectable_words(session, test, drawn)
            offers = await offer_labels(session, campaign_id)
        self.offers = [("", "None"), *offers.items()]
        self.can_change = campaign.status in OPEN and not campaign.is_history
        self.has_test, self.power = test is not None, power
        self.is_begun = test is not None and test.is_begun
        self.ends_itself = test is not None and test.topic.runs_to_the_end
        self.is_open = test is not None and test.is_begun and test.status is AbStatus.OPEN and not self.ends_itself
        self._close_outdated()
        if test is None or result is None:
            self.lines = []
        else:
            self.status, self.tone = STATUS[test.status] if test.is_begun else ("Planned", "")
            played = campaign.virtual_now is not None
            self.words = PLAYED_WORDS if played else state_words(test) + uneven_words(result)
            self.lines = variant_lines(result, offers, is_played=played)
        if not self._asked():  # what is typed into an open form is not taken away under the reader's hands
            self._show_words(test)

    def _show_words(self, test: AbTestRow | None) -> None:
        """Show what people wrote of the test, which its forms begin with."""
        self.name, self.hypothesis, self.learned = (
            ("", "", "") if test is None else (test.name, test.hypothesis, test.learned)
        )
        self.form_values = {} if test is None else _values(test)
        self.topic = AbTopic.SUBJECT.value if test is None else test.topic.value

    def _close_outdated(self) -> None:
        """Close a question whose answer would be refused: somebody, or the clock, was faster."""
        if (self.asking == "remove" and not self.can_change) or (self.asking in ("stop", *KEYS) and not self.is_open):
            self.asking = ""

    @rx.event
    @guarded
    @needs(Permission.CAMPAIGNS_READ)
    async def ask(self, what: str) -> None:
        """Open a dialog or a question; empty closes it."""
        self._fresh()
        self.asking = what if what in ("form", "learned", "remove", "stop", *KEYS) else ""

    @rx.event
    @guarded
    @needs(Permission.CAMPAIGNS_READ)
    async def choose_topic(self, what: str) -> None:
        """Ask for what a test of this needs."""
        self.topic = what if what in set(AbTopic) else AbTopic.SUBJECT.value

    @rx.event
    @submits
    @needs(Permission.CAMPAIGNS_WRITE)
    async def save(self, form: dict[str, Any]) -> Any:
        """Store the test as it was typed."""
        actor = await signed_in(self)
        async with transaction() as session:
            test = await define_ab_test(session, actor, self._id(), _asked(form))
        self.asking = ""
        await self._read()
        drawn = "Plan again, so that it is drawn." if test.topic.is_planned else "It is drawn when the campaign starts."
        return toast_done("The test stands", drawn)

    @rx.event
    @submits
    @needs(Permission.CAMPAIGNS_WRITE)
    async def keep_learned(self, form: dict[str, Any]) -> Any:
        """Write down what it taught."""
        actor = await signed_in(self)
        async with transaction() as session:
            await note_learned(session, actor, self._id(), typed(form, "learned"))
        self.asking = ""
        await self._read()
        return toast_done("Kept", "It stands in the history of tests.")

    @rx.event
    @guarded
    @needs(Permission.CAMPAIGNS_WRITE)
    async def confirm(self) -> Any:
        """Do what was asked about."""
        actor, what = await signed_in(self), self.asking
        self.asking = ""
        async with transaction() as session:
            if what == "remove":
                await remove_ab_test(session, actor, self._id())
                said = ("Test removed", "Everybody gets what is planned.")
            elif what == "stop":
                await stop_ab_test(session, actor, self._id())
                said = ("Test stopped", "What has not left yet goes as it was approved.")
            elif what in KEYS and what:
                await choose_ab_winner(session, actor, self._id(), what)
                said = (f"Variant {what} has won", "What has not left yet gets it.")
            else:
                raise NotFound("There is nothing to confirm.")
        await self._read()
        return toast_done(*said)


def _values(test: AbTestRow) -> dict[str, str]:
    """Return a test as its form shows it."""
    others = {one.key: one for one in test.variants[1:]}
    typed_in = {f"variant_{key.lower()}": others[key].given if key in others else "" for key in KEYS[1:]}
    return {
        "name": test.name, "hypothesis": test.hypothesis, "topic": test.topic.value, "channel": test.channel.value,
        "measure": test.measure.value, "decide_on": test.decide_on.isoformat() if test.decide_on else "", **typed_in,
    }  # fmt: skip


def _asked(form: dict[str, Any]) -> AbAsked:
    """Return what the form says.

    Raises:
        Invalid: a choice or the day cannot be read.
    """
    try:
        topic = AbTopic(typed(form, "topic"))
    except ValueError as error:
        raise Invalid("Choose what differs.", field="topic") from error
    try:
        channel, measure = Channel(typed(form, "channel")), Measure(typed(form, "measure"))
    except ValueError as error:
        raise Invalid("Choose by what it is won.", field="measure") from error
    day = typed(form, "decide_on").strip() if not topic.runs_to_the_end else ""
    try:
        decide_on = date.fromisoformat(day) if day else None
    except ValueError as error:
        raise Invalid("Give a day, or leave it empty.", field="decide_on") from error
    return AbAsked(
        typed(form, "name"), topic, channel, measure, [typed(form, f"variant_{key.lower()}") for key in KEYS[1:]],
        typed(form, "hypothesis"), decide_on,
    )  # fmt: skip
