"""When a message may leave: the playbook's window, within the store's, from the hour before the customer usually buys
where that lies in it, which in the sample it does for 31 % of messages. Pure."""

from __future__ import annotations

from collections.abc import Mapping

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

    `start` is the moment to send from: an hour before they usually buy, kept an hour clear of the end; the window's
    opening where their habits are not known. `best` repeats it only if it is that hour itself, not the nearest to it
    that the window allows.
    """
    opens = max(minutes(playbook[0]), minutes(store[0]))
    closes = min(minutes(playbook[1]), minutes(store[1]))
    if closes - opens < 60:
        return None
    if usual_hour is None:
        return {"start": clock(opens), "end": clock(closes)}
    if usual_hour < 5:  # the small hours end an evening
        usual_hour += 24
    wanted = (usual_hour - LEAD_HOURS) * 60
    start = min(max(wanted, opens), closes - 60)
    window = {"start": clock(start), "end": clock(closes)}
    return {**window, "best": clock(start)} if start == wanted else window


def hour_words(window: Mapping[str, str], usual_hour: int | None) -> str:
    """Tell where the hour comes from; empty where nobody knows when they buy."""
    if usual_hour is None or not window:
        return ""
    usual = f"they usually buy about {usual_hour}:00"
    if "best" in window:
        return f"From {window['start']}, as {usual}."
    if minutes(window["start"]) == usual_hour * 60:
        return f"From {window['start']}, when they usually buy; it may not go out an hour before."
    return f"From {window['start']}, the nearest hour it may go out: {usual}."
