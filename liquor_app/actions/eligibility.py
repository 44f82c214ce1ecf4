"""Who may be contacted by which channel, and if not, why not. Pure: one array operation per rule.

This is the planner's forecast; `compliance.may_send` asks again at the moment of sending.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from liquor_app.customers.ages.birth_dates import legal_day

Flags = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int8]


class Reason(StrEnum):
    """Why a customer of the audience is not contacted; stored in `exclusions` and `actions.skip_reason`."""

    OBJECTED = "objected_to_profiling"
    UNDERAGE = "underage"
    AGE_DISPUTED = "age_disputed"
    NO_ADDRESS = "no_contact_address"
    SUPPRESSED = "suppressed"
    NO_CONSENT = "no_consent"
    AGE_UNKNOWN = "age_unknown"
    CONSENT_TOO_EARLY = "consent_before_of_age"
    PAUSED = "paused_by_customer"
    TOPIC_DECLINED = "topic_declined"
    CAP_REACHED = "cap_reached"
    PRESSURE = "fast_rising_purchases"
    COUPON_BANNED = "coupon_banned"
    OFFER_UNLAWFUL = "offer_unlawful"
    NUMBER_ABROAD = "number_abroad"
    FORBIDDEN_BY_GUIDANCE = "forbidden_by_guidance"
    NO_OFFER_LEFT = "no_offer_left"
    NO_OFFER_SUITS = "no_offer_suits"
    NO_COMMON_HOURS = "no_common_hours"
    NOT_WORTH_IT = "not_worth_it"
    HOLDOUT = "holdout"
    GLOBAL_HOLDOUT = "global_holdout"
    # given by the planner
    BETTER_ACTION = "better_action_chosen"
    CAPACITY = "capacity_full"
    GAVE_WAY = "gave_way_by_lot"
    BUDGET = "discount_budget_spent"
    PLAN_SHARE = "plan_share_used"
    OTHER_PLAN = "not_in_chosen_plan"
    # given by a person
    FORBIDDEN = "forbidden_by_marketer"
    BY_HAND = "skipped_by_hand"

    @property
    def label(self) -> str:
        return _LABELS[self]


_LABELS = {
    Reason.OBJECTED: "Objected to profiling",
    Reason.UNDERAGE: "Too young by law",
    Reason.AGE_DISPUTED: "Age in doubt, not settled yet",
    Reason.NO_ADDRESS: "No address for the channel",
    Reason.SUPPRESSED: "Unsubscribed, bounced or complained",
    Reason.NO_CONSENT: "No consent for the channel",
    Reason.AGE_UNKNOWN: "Age unknown",
    Reason.CONSENT_TOO_EARLY: "Consent given as a minor",
    Reason.PAUSED: "Paused by the customer",
    Reason.TOPIC_DECLINED: "Topic not wanted",
    Reason.CAP_REACHED: "Too many messages lately (cap)",
    Reason.PRESSURE: "Buying much more lately, written to already",
    Reason.COUPON_BANNED: "Coupons banned by law",
    Reason.OFFER_UNLAWFUL: "The licence may not make this offer",
    Reason.NUMBER_ABROAD: "Number is not of the United States",
    Reason.FORBIDDEN_BY_GUIDANCE: "The guidance allows no such offer",
    Reason.NO_OFFER_LEFT: "Guardrails or stock leave no offer",
    Reason.NO_OFFER_SUITS: "No offer is of what they buy",
    Reason.NO_COMMON_HOURS: "No hour both playbook and store may write",
    Reason.NOT_WORTH_IT: "Would cost more than it brings",
    Reason.HOLDOUT: "Held out to measure the effect",
    Reason.GLOBAL_HOLDOUT: "Held out of everything, to measure marketing as a whole",
    Reason.FORBIDDEN: "A marketer forbade it",
    Reason.BETTER_ACTION: "Another action was chosen",
    Reason.CAPACITY: "Capacity used by better actions",
    Reason.GAVE_WAY: "One of more than the day has room for, left out by lot",
    Reason.BUDGET: "Discount budget used by better actions",
    Reason.PLAN_SHARE: "The plan's share for it is used by better actions",
    Reason.OTHER_PLAN: "Not in the plan that was chosen",
    Reason.BY_HAND: "Taken out by hand",
}

BLOCKS: tuple[Reason | None, ...] = (
    None,
    Reason.OBJECTED,
    Reason.UNDERAGE,
    Reason.AGE_DISPUTED,
    Reason.NO_ADDRESS,
    Reason.NUMBER_ABROAD,
    Reason.SUPPRESSED,
    Reason.NO_CONSENT,
    Reason.AGE_UNKNOWN,
    Reason.CONSENT_TOO_EARLY,
    Reason.PAUSED,
    Reason.CAP_REACHED,
    Reason.PRESSURE,
    Reason.GLOBAL_HOLDOUT,
)
"""What the codes in the arrays mean; 0 is "may be contacted". Earlier reasons are told first."""

_CODE = {reason: code for code, reason in enumerate(BLOCKS)}

_NO_WAY = {Reason.NO_ADDRESS, Reason.NUMBER_ABROAD, Reason.NO_CONSENT}
"""A channel that was never open to somebody: no reason why another one is shut."""


def only_reason(by_channel: Sequence[Reason]) -> Reason:
    """Return the one reason of somebody whom no channel may reach: that of the channel that came nearest to it. Who is
    over the cap by e-mail and never agreed to texts is lost to the cap."""
    return max(by_channel, key=lambda reason: (reason not in _NO_WAY, _CODE[reason]))


@dataclass(frozen=True, slots=True)
class Permissions:
    """What is known of each person, shape (n,) each; the first four per channel (e-mail, SMS): shape (n, 2)."""

    has_address: Flags
    consented: Flags
    consented_young: Flags
    """Their consent is from before they were of age: it must be given anew."""
    suppressed: Flags
    objected: Flags
    of_age_days: npt.NDArray[np.datetime64]
    """The day they turn 21, NaT where unknown."""
    age_verified: Flags
    age_disputed: Flags
    has_bought: Flags
    """Alcohol, at the till."""
    paused: Flags
    """They asked for nothing before the plan's end."""
    has_open_day: Flags
    pressed: Flags
    """Buys much more than they used to, and has heard from the shop within 30 days: responsible marketing does not
    push somebody who is already accelerating."""
    abroad: Flags
    """A number of another country: no text about alcohol goes there."""
    globally_held: Flags
    """In the control group of marketing as a whole."""


def blocked(known: Permissions, today: date, minimum_age: int, unknown_age_email: str) -> Codes:
    """Return a code of `BLOCKS` per person and channel, shape (n, 2); 0 where nothing stands against it."""
    count = known.objected.shape[0]
    codes = np.zeros((count, 2), dtype=np.int8)
    latest = np.datetime64(legal_day(today, minimum_age), "D")
    underage = ~np.isnat(known.of_age_days) & (known.of_age_days > latest)
    of_age = ~np.isnat(known.of_age_days) & ~underage
    # a text about alcohol needs a proof of age; for e-mail, having been sold alcohol at the till may vouch for it
    age_known = np.repeat((of_age | known.age_verified)[:, None], 2, axis=1)
    if unknown_age_email == "with_purchase_history":
        age_known[:, 0] |= known.has_bought

    def block(where: Flags, reason: Reason) -> None:
        codes[where & (codes == 0)] = _CODE[reason]

    block(np.repeat(known.objected[:, None], 2, axis=1), Reason.OBJECTED)
    block(np.repeat(underage[:, None], 2, axis=1), Reason.UNDERAGE)
    block(np.repeat(known.age_disputed[:, None], 2, axis=1), Reason.AGE_DISPUTED)
    block(~known.has_address, Reason.NO_ADDRESS)
    block(np.column_stack((np.zeros(count, dtype=np.bool_), known.abroad)), Reason.NUMBER_ABROAD)
    block(known.suppressed, Reason.SUPPRESSED)
    block(~known.consented, Reason.NO_CONSENT)
    block(~age_known, Reason.AGE_UNKNOWN)
    block(known.consented_young, Reason.CONSENT_TOO_EARLY)
    block(np.repeat(known.paused[:, None], 2, axis=1), Reason.PAUSED)
    block(np.repeat(~known.has_open_day[:, None], 2, axis=1), Reason.CAP_REACHED)
    block(np.repeat(known.pressed[:, None], 2, axis=1), Reason.PRESSURE)
    block(np.repeat(known.globally_held[:, None], 2, axis=1), Reason.GLOBAL_HOLDOUT)
    return codes
