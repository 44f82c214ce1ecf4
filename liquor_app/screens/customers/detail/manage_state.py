"""What can be done to one customer from its page: suppress, take off the list, record a consent, delete."""

from __future__ import annotations

from datetime import date
from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.core.db import transaction
from liquor_app.core.errors import AppError, Invalid
from liquor_app.core.ids import parse_id
from liquor_app.customers.ages.age_verification import settle_age
from liquor_app.customers.consents import lift_suppression, record_consent, suppress_customer
from liquor_app.customers.editing.change_customer import delete_customer, update_customer
from liquor_app.customers.models import ConsentStatus
from liquor_app.organization.models import Channel
from liquor_app.screens.customers.detail.state import CustomerState
from liquor_app.screens.customers.detail.transactional_state import ErrandsState
from liquor_app.screens.forms.state import FormState, submits
from liquor_app.screens.session.state import guarded, signed_in
from liquor_app.sending.recipients.transactional import sign_up_and_ask
from liquor_app.ui.address import last_part
from liquor_app.ui.forms.form_data import typed
from liquor_app.ui.toast import toast_done, toast_warning

QUESTIONS = ("suppress", "lift", "delete", "email", "sms", "age")
"""What may be asked before it is done; a channel stands for recording its consent, `age` for a proof of age seen."""


class ActsState(FormState, rx.State):
    """Which question is open, and what was typed into it."""

    asking: str = ""
    who: str = ""
    """The name of whoever it is asked about."""

    def _fields(self) -> frozenset[str]:
        return frozenset({"source", "wording", "born", "proof"})

    def _asked(self) -> bool:
        return bool(self.asking)

    def _shut(self) -> None:
        self.asking = ""

    @rx.event
    @guarded
    @needs(Permission.APP)
    async def ask(self, question: str) -> None:
        self._fresh()
        self.asking = question if question in QUESTIONS else ""
        self.who = (await self.get_state(CustomerState)).profile.name or "this customer"

    @rx.event
    @guarded
    @needs(Permission.CUSTOMERS_WRITE)
    async def suppress(self) -> Any:
        actor = await signed_in(self)
        self.asking = ""
        async with transaction() as session:
            count = await suppress_customer(session, actor, parse_id(last_part(self), "customer"))
        if not count:
            return toast_warning("Nothing to suppress", "This customer has neither e-mail address nor phone number.")
        return [CustomerState.load, toast_done("Suppressed", "No campaign will write to this customer any more.")]

    @rx.event
    @guarded
    @needs(Permission.CUSTOMERS_ADMIN)
    async def lift(self) -> Any:
        actor = await signed_in(self)
        self.asking = ""
        async with transaction() as session:
            count = await lift_suppression(session, actor, parse_id(last_part(self), "customer"))
        if not count:
            return toast_warning("Still suppressed", "A complaint or an erasure cannot be taken back here.")
        return [CustomerState.load, toast_done("Taken off the suppression list")]

    @rx.event
    @submits
    @needs(Permission.CUSTOMERS_WRITE)
    async def record(self, form: dict[str, Any]) -> Any:
        """Record that a consent was given or withdrawn; without a source it proves nothing and is refused."""
        if self.asking not in set(Channel):
            return None
        given = typed(form, "status") == ConsentStatus.GIVEN
        try:
            said = await self._record(given, typed(form, "source"), typed(form, "wording").strip()[:40] or None)
        except AppError as error:
            if error.field != "source":
                raise
            raise Invalid("Say where it came from: without that it proves nothing.", field="source") from error
        self.asking = ""
        again = [CustomerState.load, ErrandsState.load]
        if said == "queued":
            return [
                *again,
                toast_done("Waits for its confirmation", "A link goes to the address itself."),
            ]
        if said:
            return [*again, toast_warning("Waits for its confirmation, which was not sent", said)]
        return [CustomerState.load, toast_done("Consent recorded" if given else "Withdrawal recorded")]

    async def _record(self, given: bool, source: str, wording: str | None) -> str:
        """Tell what became of the message that has it confirmed; empty if none is needed."""
        actor, customer_id = await signed_in(self), parse_id(last_part(self), "customer")
        channel = Channel(self.asking)
        async with transaction() as session:
            if given:
                made = await sign_up_and_ask(
                    session, actor, customer_id, channel, source=source, wording_version=wording
                )
                return made.confirmation
            await record_consent(
                session, actor, customer_id, channel=channel, status=ConsentStatus.WITHDRAWN, source=source,
                wording_version=wording,
            )  # fmt: skip
        return ""

    @rx.event
    @submits
    @needs(Permission.CUSTOMERS_WRITE)
    async def prove(self, form: dict[str, Any]) -> Any:
        """Record the proof of age that was seen; a doubt about the age ends with it, either way."""
        actor = await signed_in(self)
        try:
            born = date.fromisoformat(typed(form, "born"))
        except ValueError as error:
            raise Invalid("Give the full date of birth.", field="born") from error
        async with transaction() as session:
            age = await settle_age(
                session, actor, parse_id(last_part(self), "customer"), born=born, proof=typed(form, "proof")
            )
        self.asking = ""
        if age.is_of_age:
            return [CustomerState.load, toast_done("Proof of age recorded")]
        return [CustomerState.load, toast_warning("A minor", "Nothing is sent to this customer.")]

    @rx.event
    @guarded
    @needs(Permission.CUSTOMERS_WRITE)
    async def count(self, on: bool) -> Any:
        """Tell whether this customer's opens and clicks are counted."""
        actor = await signed_in(self)
        async with transaction() as session:
            await update_customer(session, actor, parse_id(last_part(self), "customer"), {"no_tracking": not on})
        words = "Opens and clicks are counted where the brand counts them." if on else "From the next message on."
        return [CustomerState.load, toast_done("Counted" if on else "Not counted any more", words)]

    @rx.event
    @guarded
    @needs(Permission.CUSTOMERS_WRITE)
    async def delete(self) -> Any:
        actor = await signed_in(self)
        self.asking = ""
        async with transaction() as session:
            await delete_customer(session, actor, parse_id(last_part(self), "customer"))
        return [rx.redirect("/customers"), toast_done("Customer deleted")]
