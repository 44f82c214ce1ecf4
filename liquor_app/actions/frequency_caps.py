"""Contact pressure: on which days a person may hear from the shop again."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

BACK, AHEAD = 30, 30
"""Days of contacts known before the first and after the last day of a plan."""

Counts = npt.NDArray[np.int16]
Flags = npt.NDArray[np.bool_]


def contact_matrix(people: int, who: npt.NDArray[np.intp], day: npt.NDArray[np.int64], days: int) -> Counts:
    """Return contacts per person and day, shape (people, 30 + days + 30); column 30 is the plan's first day.

    Args:
        who: index of the person of each contact.
        day: its day, counted from the plan's first; days out of reach are ignored.
    """
    counts = np.zeros((people, BACK + days + AHEAD), dtype=np.int16)
    column = day + BACK
    known = (column >= 0) & (column < counts.shape[1])
    np.add.at(counts, (who[known], column[known]), 1)
    return counts


def open_days(counts: Counts, days: int, cap_7: int, cap_30: int | npt.NDArray[np.int64]) -> Flags:
    """Return days on which one more contact breaks no cap, shape (people, days).

    A day is closed if somebody else's message is due on it already, or if any 7 (30) days running that contain it
    hold 7- (30-) day cap many; `cap_30` may be each person's own, shape (people,). Looking ahead matters: an approved
    campaign of next week counts too.
    """
    own_30 = np.broadcast_to(np.asarray(cap_30, dtype=np.int64), (counts.shape[0],))
    allowed: Flags = (counts[:, BACK : BACK + days] == 0) & (own_30 > 0)[:, None]
    busy = np.flatnonzero(counts.any(axis=1))
    if busy.size == 0:
        return allowed
    # running totals with a leading zero: sum(a..b) = total[b + 1] − total[a]
    total = np.zeros((busy.size, counts.shape[1] + 1), dtype=np.int32)
    np.cumsum(counts[busy], axis=1, out=total[:, 1:])
    width = counts.shape[1]
    for span, cap in ((7, np.full(busy.size, cap_7)), (30, own_30[busy])):
        first = np.arange(0, width - span + 1)
        window = total[:, first + span] - total[:, first]
        for day in range(days):
            column = BACK + day
            low, high = max(0, column - span + 1), min(column, width - span)
            allowed[busy, day] &= window[:, low : high + 1].max(axis=1) < cap
    return allowed


def recent(counts: Counts) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return contacts in the 7 and in the 30 days before the plan's first day, shape (people,) each."""
    past = counts[:, :BACK]
    return past[:, -7:].sum(axis=1).astype(np.float64), past.sum(axis=1).astype(np.float64)
