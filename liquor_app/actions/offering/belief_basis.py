"""What a belief about a kind of message rests on: assumed, learned of other kinds, or of its own people. Pure.

Kinds of messages share what is learned (`scoring.estimators.uplift`): what is believed of one nobody ever got moves
with what others showed. So "assumed" is said only of what stands where it was assumed to, and "learned from" only of
kinds that enough messages were of. Counted are messages: who got one in three campaigns counts three times.
"""

from __future__ import annotations

from enum import StrEnum

from liquor_app.scoring.estimators.uplift import PRIOR_MEAN
from liquor_app.ui.words import plural

ENOUGH_MESSAGES = 100
"""From so many messages of its own on a kind is said to be learned from them. Our own round number: below it even twice
as many buyers as usual would lie within chance (a fifth buy, a tenth are held out: standard error thirteen points)."""
MOVED = 0.0005
"""What differs by less looks the same: half of the last figure that is shown."""


class Basis(StrEnum):
    """What a belief rests on."""

    ASSUMED = "assumed"
    OTHERS = "other_messages"
    """Learned from messages of other kinds: too few were of this."""
    LEARNED = "learned"


def basis_of(uplift: float, learned_from: int) -> Basis:
    """Return what a belief rests on.

    Args:
        uplift: what is believed, as a share of the people written to.
        learned_from: how many such messages were decided on while others were held out of them, one a campaign and
            person.
    """
    if learned_from >= ENOUGH_MESSAGES:
        return Basis.LEARNED
    return Basis.ASSUMED if abs(uplift - PRIOR_MEAN) < MOVED else Basis.OTHERS


def basis_in_words(uplift: float, learned_from: int) -> str:
    """ "learned from 1,000 messages", "learned from other messages", "assumed"; of few both are said."""
    basis, messages = basis_of(uplift, learned_from), plural(learned_from, "message")
    if basis is Basis.LEARNED:
        return f"learned from {messages}"
    words = "assumed" if basis is Basis.ASSUMED else "learned from other messages"
    return f"{words}, {messages} of its own so far" if learned_from else words
