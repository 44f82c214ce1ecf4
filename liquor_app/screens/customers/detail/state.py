"""One customer: who it is, the scores with their reasons, what may be sent."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.actions.lists import list_actions
from liquor_app.core.db import transaction
from liquor_app.core.errors import NotFound
from liquor_app.core.listing.spec import ListQuery
from liquor_app.customers.consents import suppression_of
from liquor_app.customers.labels.tags import tags_of
from liquor_app.customers.lists import list_consents
from liquor_app.customers.service import get_customer, part_of
from liquor_app.organization.settings import PlanningSettings, load_settings, shop_now
from liquor_app.scoring.service import explain_customer
from liquor_app.screens.customers.detail.view import (
    SCORES,
    ConsentLine,
    NextAction,
    Profile,
    Score,
    Why,
    consent_lines,
    history_lines,
    next_action,
    profile_of,
    scores_of,
    why_lines,
)
from liquor_app.screens.details.state import DetailState
from liquor_app.screens.session.state import signed_in

OPEN_ACTIONS = "proposed,pending,queued"


class CustomerState(DetailState, rx.State):
    """Read again whenever the page opens or something on it was changed."""

    profile: Profile = Profile()
    scores: list[Score] = [Score() for _ in range(SCORES)]
    why: list[Why] = []
    consents: list[ConsentLine] = []
    history: list[ConsentLine] = []
    """All that was said of consent, the latest first."""
    tags: list[str] = []
    action: NextAction = NextAction()

    def _noun(self) -> str:
        return "customer"

    async def _read(self) -> Any:
        """Read it. The address of a profile that became part of another one leads there."""
        actor, customer_id = await signed_in(self), self._id()
        async with transaction() as session:
            at = await shop_now(session)
            try:
                row = await get_customer(session, actor, customer_id)
            except NotFound:
                if (kept := await part_of(session, actor, customer_id)) is None:
                    raise
                return rx.redirect(f"/customers/{kept}", replace=True)
            why = await explain_customer(session, actor, customer_id)
            suppressed = await suppression_of(session, actor, customer_id)
            evidence = (await list_consents(session, actor, customer_id, ListQuery(limit=50))).items
            actions = await list_actions(
                session, actor, ListQuery({"customer_id": str(customer_id), "status": OPEN_ACTIONS}, limit=1)
            )
            planning = await load_settings(session, PlanningSettings)
            tags = await tags_of(session, actor, customer_id)
        self.profile = profile_of(row, suppressed, why.computed_at, at)
        self.scores, self.why = scores_of(row, why, planning.horizon_days, at), why_lines(why.sentences)
        self.consents, self.tags = consent_lines(row, evidence, at), tags
        self.history = history_lines(evidence, at)
        self.action = next_action(next(iter(actions.items), None), at)
        return None
