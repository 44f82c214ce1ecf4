"""What each chance is a chance of, in the words it has everywhere: on a plan, with an action, a customer and a model.

Three are told of one person, and none is another: acting on an offer while it holds, whoever would have bought anyway
included; buying within a week without the message; and buying within that week with it. What a message changes is the
difference of the last two alone.
"""

from __future__ import annotations

from liquor_app.ui.words import figure, percent, plural

ACTS = "Likely to act on an offer"
LIKELIHOOD = "Likelihood to act on an offer"


def within_words(days: float | None) -> str:
    """Tell until when somebody acts on an offer: as long as those held that it was learned from."""
    return f"within {plural(max(round(days), 1), 'day')}" if days else "before it ends"


def acts_words(chance: float, offer: str, days: float | None) -> str:
    """ "37% likely to act on this offer within 47 days".

    Args:
        offer: "this offer", "a typical offer".
        days: how long the offers held that it was learned from; None where that is not known.
    """
    return f"{percent(chance)} likely to act on {offer} {within_words(days)}"


def buys_words(without: float, added: float, days: int) -> str:
    """ "5.6% likely to buy within 7 days without the message, 6.6% with it: +1.0 buyers of a hundred".

    Args:
        without: P(buys within `days` without the message).
        added: what the message is believed to change of that.
    """
    with_it = min(max(without + added, 0.0), 1.0)
    return (
        f"{percent(without, 1)} likely to buy within {plural(days, 'day')} without the message, {percent(with_it, 1)}"
        f" with it: {figure(added * 100, 1, sign=True)} buyers of a hundred"
    )
