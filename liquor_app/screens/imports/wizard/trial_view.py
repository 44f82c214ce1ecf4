"""What a file would do, as the page shows it before it does it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest

from liquor_app.customers.labels.custom_values import CUSTOM, split_name
from liquor_app.customers.models import ConsentStatus
from liquor_app.imports.cleaning.answers.refusals import CONSENTS
from liquor_app.imports.cleaning.orders.store_numbers import plain_register
from liquor_app.imports.dry_run import Trial
from liquor_app.imports.orders.new_buyers import MADE
from liquor_app.imports.run_import import UNKNOWN
from liquor_app.imports.trial.becoming import Becoming, Change
from liquor_app.imports.trial.shown_rows import Shown, worth_showing
from liquor_app.screens.customers.field_values import shown_value
from liquor_app.screens.imports.wizard.columns_view import LABELS, on_screen
from liquor_app.screens.imports.wizard.report.note_lines import rows_left_out
from liquor_app.screens.imports.wizard.report.sum_words import apart_words, net_words
from liquor_app.ui.words import figure, listed, plural, show_money, spoken

PAGE_ROWS = 20
NOTHING: Mapping[str, str] = {}
RETURN = "return"
"""What a new order becomes that gives money back."""
TAKEN_BACK = "taken_back"
"""What a known order becomes that is lowered to nothing."""
MOST_COLUMNS = 12
MOST_OF_REASON = 600
MOST_CELLS = 4
"""Cells that are told of a row nobody is known by: files begin with what tells one row from the next."""
_NAMES = {
    **LABELS, "of_age_on": "Of age on", "email_suppressed": "E-mail suppressed", "sms_suppressed": "SMS suppressed",
    "occurred_at": "Bought", "register": "Register",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class TrialLine:
    """A row of the trial: its number, whom or what it is about (or its cells), what becomes of that, line by line
    before and after, and why it is refused or warned of."""

    number: str
    who: str
    becomes: str
    outcome: str
    reason: str


@dataclass(frozen=True, slots=True)
class TotalLine:
    """A figure of the file itself beside what is made of it."""

    words: str
    file: str
    made: str


def trial_lines(
    shown: Sequence[Shown], at: datetime, columns: Sequence[str] = (), mapping: Mapping[str, str] = NOTHING
) -> list[TrialLine]:
    """Return what is worth showing of a trial.

    Args:
        at: now, by the shop's clock.
        columns: names of the file's columns, to say what stands in a row that nobody is known by.
        mapping: field → column: a custom field is called as its column.
    """
    custom = {f"{CUSTOM}.{split[1]}": column for name, column in mapping.items() if (split := split_name(name))}
    if plain_register(mapping.get("store", "")):  # of a file without stores it stands for these, and is told as it is
        custom["store"] = ""
    return [_line(one, at, columns, custom) for one in worth_showing(shown)]


def _line(one: Shown, at: datetime, columns: Sequence[str], custom: Mapping[str, str]) -> TrialLine:
    named = zip_longest((f"{name[:30]}: " for name in columns), one.record.told, fillvalue="")
    told = [f"{name}{cell.strip()[:40]}" for name, cell in named if cell.strip()]
    more = f" · {figure(len(told) - MOST_CELLS)} more" if len(told) > MOST_CELLS else ""
    cells = " · ".join(told[:MOST_CELLS]) + more
    who = one.becomes.who[:120] if one.becomes else ""
    becomes = becomes_words(one.becomes, at, custom) if one.becomes else ""
    return TrialLine(
        figure(one.record.number),
        who or cells,
        becomes,
        RETURN if _is_return(one) else TAKEN_BACK if _is_taken_back(one) else one.outcome,
        _shortened(_capital(on_screen(one.reason))),
    )


def _is_return(one: Shown) -> bool:
    """Tell whether a new order gives money back."""
    changes = one.becomes.changes if one.becomes and one.outcome == "created" else ()
    return any(change.field == "total" and change.after.startswith("-") for change in changes)


def _is_taken_back(one: Shown) -> bool:
    """Tell whether a known order has no money and no line left."""
    changes = one.becomes.changes if one.becomes and one.outcome == "updated" else ()
    return any(change.field == "lines" and change.after == "0" for change in changes)


def _shortened(words: str) -> str:
    """Return words as they are, or as many as there is room for: none is cut."""
    return words if len(words) <= MOST_OF_REASON else f"{words[: MOST_OF_REASON - 1].rpartition(' ')[0]} …"


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


_NOTHING = {"sale_price": "none, the sale ends"}
"""What a field becomes that is emptied."""


def _sales_ended(shown: Sequence[Shown]) -> int:
    changes = [change for one in shown if one.becomes and one.outcome == "updated" for change in one.becomes.changes]
    return sum(change.field == "sale_price" and not change.after for change in changes)


def becomes_words(one: Becoming, at: datetime, custom: Mapping[str, str] = NOTHING) -> str:
    """Tell what changes, a line a field ("City: Bath → Bangor"); of somebody new, all in one line.

    Args:
        custom: custom field → what its column is called; "" for what is told by another field.
    """

    def said(change: Change, value: str) -> str:
        if change.field in CONSENTS and value == ConsentStatus.WITHDRAWN and change.before != ConsentStatus.GIVEN:
            return "not subscribed"  # a no, and no yes was there to be withdrawn
        return shown_value(change.field, value, at) if value else _NOTHING.get(change.field, "nothing")

    lines = []
    for change in one.changes:
        if custom.get(change.field) == "":
            continue
        name = custom.get(change.field) or _NAMES.get(change.field, spoken(change.field.removeprefix("custom.")))
        before = f"{said(change, change.before)} → " if change.before else ""
        lines.append(f"{name}: {before}{said(change, change.after)}")
    is_new = not any(change.before for change in one.changes)
    return (" · " if is_new else "\n").join(lines)


def total_lines(trial: Trial, kind: str) -> list[TotalLine]:
    """Return the file's rows, orders and money beside what is made of them."""
    report, totals = trial.report, trial.totals
    taken = report.created + report.updated + report.unchanged
    lines = [TotalLine("Rows", figure(report.rows + rows_left_out(report.notes)), figure(taken))]
    if kind == "purchases":
        orders = "" if totals.orders is None else figure(totals.orders)
        lines.append(TotalLine("Orders", orders or "not numbered", figure(totals.orders_made)))
        money = "no amounts" if totals.money is None else show_money(totals.money, cents=True)
        lines.append(TotalLine("Money", money, net_words(totals.money_made, totals.back)))
    return lines


def money_words(trial: Trial, kind: str) -> str:
    """Tell where the file's own sum is from, and why another comes of it: only what can be the reason here."""
    totals = trial.totals
    if kind != "purchases" or totals.money is None:
        return ""
    source = f"The file's own sum is that of “{totals.column}”."
    if totals.taken and totals.taken != f"“{totals.column}”":
        source = f"Revenue is taken from {totals.taken}. {source}"
    if totals.foreign:
        are = "is" if totals.foreign == 1 else "are"
        source += f" {plural(totals.foreign, 'row')} in another currency {are} in no sum."
    if totals.money == totals.money_made:
        return f"{source} Both are the same."
    apart = apart_words(
        totals.money - totals.money_made, totals.column, rejected=trial.report.rejected, notes=trial.report.notes,
        left_out=totals.left_out, taken=totals.taken, back=totals.back_beside,
    )  # fmt: skip
    return f"{source} {apart}"


def stranger_words(trial: Trial) -> str:
    """Tell of buyers nobody knows: how many lines are refused for it, or how many are made customers."""
    if made := trial.report.notes.get(MADE, 0):
        are = "is" if made == 1 else "are"
        return f"{plural(made, 'buyer')} of the tried rows {are} not known yet and will be created."
    if not trial.strangers:
        return ""
    lines = trial.report.reasons.get(UNKNOWN, 0)
    return (
        f"{plural(trial.strangers, 'buyer')} of the tried rows {'is' if trial.strangers == 1 else 'are'} not known yet;"
        f" {plural(lines, 'line')} would be refused. Import the customers first, or create them by their number,"
        " e-mail or phone alone: they agreed to nothing, and undoing this import takes them away."
    )


def seen_words(trial: Trial) -> str:
    """Tell what was seen and not taken: columns, and how many rows say no."""
    words = []
    if trial.unheard:
        named = [f"“{one[:40]}”" for one in trial.unheard[:MOST_COLUMNS]]
        hold = "holds" if len(named) == 1 else "hold"
        words.append(
            f"{listed(named)} {hold} yeses and noes and may say who agreed to hear from you: as it stands"
            f" nobody's no is taken from it. Match it to “{LABELS['email_consent']}” or"
            f" “{LABELS['sms_consent']}”, or, where a yes means no, to “{LABELS['opt_out']}”."
        )
    rest = [one for one in trial.unused if one not in trial.unheard]
    if rest:
        named = [f"“{one[:40]}”" for one in rest[:MOST_COLUMNS]]
        more = len(rest) - len(named)
        words.append(f"Columns left out: {listed([*named, *([f'{figure(more)} more'] if more else [])])}.")
    if ended := _sales_ended(trial.shown):
        words.append(
            f"{plural(ended, 'sale')} {'ends' if ended == 1 else 'end'}: the file's sale price is blank there."
        )
    if trial.noes:
        words.append(f"A no is taken from {plural(trial.noes, 'row')}.")
    return " ".join(words)
