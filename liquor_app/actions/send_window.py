"""When a message may leave: the playbook's window, within the store's, from the customer's best hour. Pure."""

from __future__ import annotations

LEAD_HOURS = 1
"""A message arrives an hour before the customer usually buys."""


def minutes(clock: str) -> int:
    """Return minutes since midnight of `17:30`."""
    return int(clock[:2]) * 60 + int(clock[3:])


def clock(total: int) -> str:
    """`17:30` of minutes since midnight."""
    return f"{total // 60:02d}:{total % 60:02d}"


def send_window(playbook: tuple[str, str], store: tuple[str, str], usual_hour: int | None) -> dict[str, str] | None:
    """`{"start", "end", "best"}`, local to the recipient; None if playbook and store share less than an hour.

    `start` is the moment to send from: the customer's best hour, kept an hour clear of the end, or the window's
    opening where their habits are not known. `best` repeats it only if it comes from their habits.
    """
    opens = max(minutes(playbook[0]), minutes(store[0]))
    closes = min(minutes(playbook[1]), minutes(store[1]))
    if closes - opens < 60:
        return None
    if usual_hour is None:
        return {"start": clock(opens), "end": clock(closes)}
    if usual_hour < 5:  # the small hours end an evening
        usual_hour += 24
    best = clock(min(max((usual_hour - LEAD_HOURS) * 60, opens), closes - 60))
    return {"start": best, "end": clock(closes), "best": best}
