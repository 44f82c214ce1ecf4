"""What messages are believed to change, by who gets which offer how: the uplift model, read for planning. Pure.

A cell's offer is its name with what is taken off: the same words at another price are another offer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np

from liquor_app.actions.offers import Playbook
from liquor_app.actions.priority import Floats
from liquor_app.scoring.due_state import NO_RHYTHM, Due
from liquor_app.scoring.estimators.uplift import PRIOR_MEAN, Cell, Posterior
from liquor_app.ui.words import plain_number


def offer_label(name: str, discount_pct: Decimal | float | str) -> str:
    """Return an offer as the uplift model knows it: "Favourite category, 10% off"."""
    percent = Decimal(str(discount_pct or 0))
    return f"{name}, {plain_number(percent)}% off" if percent > 0 else name


def cell_of(segment: str, channel: str, terms: Mapping[str, Any]) -> Cell:
    """Return the cell an action belongs to, by what it keeps of its offer."""
    due = (terms.get("due") or {}).get("state") or NO_RHYTHM
    return Cell(segment, offer_label(str(terms.get("name") or ""), terms.get("discount_pct") or 0), channel, due)


HOPE_SDS = 2.25
"""Standard deviations above what is believed: the most that fifty draws usually come to."""


@dataclass(frozen=True, slots=True)
class Uplifts:
    """Of each offer of a playbook, each of shape (people,): the mean, and the most it may be drawn as."""

    mean: list[Floats]
    hope: list[Floats]


def due_states(rows: Sequence[Any], today: date) -> list[str]:
    """Return when each is due, as cells have it."""
    due = [Due.of(row, today) for row in rows]
    return [NO_RHYTHM if one is None else one.state.value for one in due]


def uplifts_of(beliefs: Posterior, playbook: Playbook, channel: str, rows: Sequence[Any], today: date) -> Uplifts:
    """Return what a playbook's offers by a channel are believed to change.

    Args:
        rows: of `audience.People`.
    """
    states = due_states(rows, today)
    kinds = sorted(set(states))
    place = np.array([kinds.index(state) for state in states], dtype=np.intp)
    found = Uplifts([], [])
    for offer in playbook.offers:
        label = offer_label(offer.name, offer.discount_pct)
        mean, sd = beliefs.effects([Cell(playbook.slug, label, channel, kind) for kind in kinds])
        found.mean.append(np.asarray(mean[place], dtype=np.float64))
        found.hope.append(np.asarray((mean + HOPE_SDS * sd)[place], dtype=np.float64))
    return found


def tried_of(beliefs: Posterior, playbook: Playbook, channel: str) -> dict[str, int]:
    """Return from how many people it was learned what each offer of a playbook changes by a channel, by its name; only
    of those that were tried."""
    tried = {
        offer.name: beliefs.learned_from(
            Cell(playbook.slug, offer_label(offer.name, offer.discount_pct), channel, NO_RHYTHM)
        )
        for offer in playbook.offers
    }
    return {name: people for name, people in tried.items() if people}


def learned_of(terms: Mapping[str, Any], offer: str) -> int:
    """Return what an action's terms say of it: 0 is assumed."""
    return int((terms.get("tried") or {}).get(offer, 0))


def kept_of(terms: Mapping[str, Any], uplift: float, margin: float, *, usual: float) -> float:
    """Return the value at risk that another offer to the same person is assumed to keep (`priority.kept_value`), from
    what an action's terms say of its own: it grows with the purchases brought about and the margin they leave.

    Args:
        uplift, margin: of the other offer; `usual` is the shop's margin, of offers without one of their own.
    """
    own = float(terms["margin_pct"]) / 100 if terms.get("margin_pct") is not None else usual
    was = float(terms.get("uplift") or 0) * own
    return round(float(terms.get("kept") or 0) * uplift * margin / was, 4) if was else 0.0


def uplift_of(terms: Mapping[str, Any], offer: str) -> float:
    """Return what an action's terms say of another offer of its playbook; of one by hand what they say of its own."""
    told = (terms.get("uplifts") or {}).get(offer, terms.get("uplift"))
    return PRIOR_MEAN if told is None else float(told)
