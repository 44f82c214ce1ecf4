"""One customer as the page shows them: plain text and numbers. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from decimal import Decimal

from liquor_app.actions.service import ActionRow
from liquor_app.customers.addresses import show_phone
from liquor_app.customers.ages.birth_dates import LEGAL_AGE
from liquor_app.customers.lists import ConsentRow
from liquor_app.customers.models import ConsentStatus
from liquor_app.customers.service import CustomerRow
from liquor_app.scoring.due_state import Due, DueState, state_words
from liquor_app.scoring.estimators.clv import HORIZON_DAYS
from liquor_app.scoring.explain import Sentence
from liquor_app.scoring.service import ExplanationRow
from liquor_app.screens.customers.rows import name_of
from liquor_app.screens.customers.segment_colors import segment_label
from liquor_app.ui.chances import ACTS, within_words
from liquor_app.ui.status_looks import LOOKS
from liquor_app.ui.words import (
    NONE,
    ago,
    days_ago,
    days_between,
    expected_words,
    figure,
    initials,
    listed,
    percent,
    plural,
    show_day,
    show_full_day,
    show_money,
    show_weekday,
    spoken,
)


@dataclass(frozen=True, slots=True)
class Profile:
    """Who it is. `suppressed` says why nobody may write to them, empty if one may; `age_in_doubt` holds all sending."""

    id: str = ""
    name: str = ""
    initials: str = ""
    email: str = ""
    phone: str = ""
    place: str = ""
    since: str = ""
    bought: str = ""
    suppressed: str = ""
    scored: str = ""
    counted: bool = True
    age_in_doubt: bool = False
    objects: bool = False
    """To being profiled: nothing is chosen for them."""


@dataclass(frozen=True, slots=True)
class Score:
    """One cell of the strip; `tone` is "", "green", "amber" or "red"."""

    label: str = ""
    figure: str = ""
    detail: str = ""
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Why:
    """A sentence behind the scores; `topic` chooses the icon."""

    topic: str
    title: str
    text: str
    tone: str


@dataclass(frozen=True, slots=True)
class ConsentLine:
    """A channel, or the age, and what is known; `status` is a badge's."""

    key: str
    label: str
    status: str
    detail: str


@dataclass(frozen=True, slots=True)
class NextAction:
    """The best action there is for this customer; an empty title for none. Points as in `ui.charts.priority_bar`."""

    title: str = ""
    reason: str = ""
    when: str = ""
    hints: str = ""
    href: str = ""
    total: int = 0
    value: int = 0
    response: int = 0
    margin: int = 0
    fatigue: int = 0


CHANNELS: Mapping[str, str] = {"email": "E-mail", "sms": "SMS"}
_TONES: Mapping[str, str] = {"good": "green", "warning": "red", "neutral": "muted"}
_CHURN_TONES: Mapping[str, str] = {"low": "green", "medium": "amber", "high": "red"}


def profile_of(row: CustomerRow, suppressed: str | None, scored: datetime | None, at: datetime) -> Profile:
    name = name_of(row)
    since = row.first_purchase_at or row.created_at
    word = "Buys since" if row.first_purchase_at else "Added"
    return Profile(
        id=str(row.id),
        name=name,
        initials=initials(name),
        email=row.email or "",
        phone=show_phone(row.phone) if row.phone else "",
        place=", ".join(part for part in (row.city, row.state) if part),
        since=f"{word} {show_day(since, at)}",
        bought=_bought(row, at),
        suppressed=LOOKS[suppressed].word.lower() if suppressed and suppressed in LOOKS else suppressed or "",
        scored=f"Scored {ago(scored, at)}" if scored else "Not scored yet",
        counted=not row.no_tracking,
        age_in_doubt=row.age_disputed_at is not None,
        objects=row.profiling_objected_at is not None,
    )


def _bought(row: CustomerRow, at: datetime) -> str:
    if not row.purchase_frequency:
        return "Has not bought yet."
    baskets, spent = plural(row.purchase_frequency, "basket"), show_money(row.total_spent)
    average, last = show_money(row.avg_order_value), days_ago(row.last_purchase_at, at)
    return f"{baskets}, {spent} in all. Average {average}, last {last}."


OBJECTS = "Objects to profiling"
SCORES = 8
"""Cells of the strip."""


def scores_of(row: CustomerRow, why: ExplanationRow, horizon_days: int, at: datetime) -> list[Score]:
    """Segment, chance of return, expected spend, value at risk, response, next purchase, RFM: `SCORES` of them. Who
    objects to being profiled has none, which is no want of data."""
    told = _scores_of(row, why, horizon_days, at)
    if row.profiling_objected_at is None:
        return told
    return [Score(one.label, NONE, OBJECTS) for one in told]


def _scores_of(row: CustomerRow, why: ExplanationRow, horizon_days: int, at: datetime) -> list[Score]:
    if row.churn_probability is None:
        churn = Score(f"Churn, {horizon_days} days", NONE, "Not enough data")
    else:
        band = spoken(row.churn_risk or "")
        tone = _CHURN_TONES.get(row.churn_risk or "", "")
        churn = Score(f"Churn, {horizon_days} days", percent(row.churn_probability), band, tone)
    return [
        Score("RFM segment", segment_label(row.rfm_segment), plural(row.purchase_frequency, "purchase")),
        churn,
        Score(f"Expected spend, {_ahead(why)}", show_money(row.clv_score), _grounds(row, why)),
        _back(row, why),
        Score("Value at risk", show_money(row.value_at_risk), "chance of losing them × what a return brings"),
        Score(ACTS, percent(row.response_likelihood), _answers(row, why)),
        _next(row, why, at),
        Score("RFM", _rfm(row), "recency, frequency, money"),
    ]  # fmt: skip


def _ahead(why: ExplanationRow) -> str:
    days = int(why.features.get("clv_horizon_days") or HORIZON_DAYS)
    return "12 months" if days == HORIZON_DAYS else plural(days, "day")


def _grounds(row: CustomerRow, why: ExplanationRow) -> str:
    """What the forecast rests on; a log of less than twice its span has never seen one come true."""
    if row.clv_score is None:
        return "Not enough data"
    observed = why.features.get("observed_days") or 0
    if observed and observed <= 2 * int(why.features.get("clv_horizon_days") or HORIZON_DAYS):
        return f"extrapolated from {plural(round(observed), 'day')}"
    return f"{show_money(row.total_spent)} so far"


def _back(row: CustomerRow, why: ExplanationRow) -> Score:
    back, gone = why.features.get("value_if_back"), why.features.get("value_if_gone")
    if back is None or gone is None or row.churn_probability is None:
        return Score("If they come back", NONE, "Not enough data")
    chance = percent(1 - row.churn_probability)
    return Score("If they come back", show_money(Decimal(str(back))), f"{chance} likely; if not, {show_money(gone)}")


def _next(row: CustomerRow, why: ExplanationRow, at: datetime) -> Score:
    expected, label = row.next_purchase_at, "Next purchase"
    known = why.features
    on = date.fromisoformat(known["due_on"]) if known.get("due_on") else None
    due = Due.by(on, known.get("days_since_last"), known.get("gap_high"), at.date())
    is_past = expected is not None and days_between(expected, at) > 0
    late = "red" if (is_past if due is None else due.state is DueState.OVERDUE) else ""
    rhythm = f"{state_words(due, at.date())}, by their own rhythm" if due else ""
    if expected is None:
        return Score(label, NONE, f"No forecast. {rhythm}".rstrip(" .") if rhythm else "No forecast", late)
    window = f"{show_day(why.next_low, at)} to {show_day(why.next_high, at)}" if why.next_low and why.next_high else ""
    return Score(label, show_day(expected, at), rhythm or window or expected_words(expected, at), late)


def _rfm(row: CustomerRow) -> str:
    scores = (row.r_score, row.f_score, row.m_score)
    return NONE if None in scores else " · ".join(str(score) for score in scores)


def _answers(row: CustomerRow, why: ExplanationRow) -> str:
    """What the figure is of: a plan's action tells that of its own offer."""
    until = within_words(why.features.get("answer_days"))
    if row.response_likelihood is None:
        return _success(row)
    typical = "a typical one, " if why.features.get("response_odds") is not None else ""
    return f"{typical}{until}; {_success(row)}"


def _success(row: CustomerRow) -> str:
    if row.success_rate_pct is None:
        return "not contacted in a year"
    return f"{figure(row.success_rate_pct)}% of contacts answered"


def why_lines(sentences: Sequence[Sentence]) -> list[Why]:
    return [Why(one.topic, one.title, one.text, _TONES[one.tone.value]) for one in sentences]


def consent_lines(row: CustomerRow, evidence: Sequence[ConsentRow], at: datetime) -> list[ConsentLine]:
    """E-mail, SMS and age: what holds now, with the newest evidence of it."""
    lines = []
    for channel, label in CHANNELS.items():
        status = row.email_consent if channel == "email" else row.sms_consent
        told = [one for one in evidence if one.channel == channel]
        shown = NOT_SUBSCRIBED if status == ConsentStatus.WITHDRAWN and _never_agreed(told) else status
        lines.append(ConsentLine(channel, label, shown or "none", _evidence(told[0] if told else None, at)))
    return [*lines, _age(row, at)]


NOT_SUBSCRIBED = "not_subscribed"


def _never_agreed(told: Sequence[ConsentRow]) -> bool:
    """Tell whether a no is a file's word alone, and no yes was before it: many tools write one of whoever was never
    asked. It holds as any no does."""
    return bool(told) and all(one.status == ConsentStatus.WITHDRAWN and one.file for one in told)


def _evidence(consent: ConsentRow | None, at: datetime) -> str:
    if consent is None:
        return "Never asked, as far as the record goes"
    source = spoken(consent.source) if consent.source.islower() else consent.source
    wording = f", wording {consent.version}" if consent.version else ""
    return f"{show_day(_day_of(consent.at), at)}, {source}{wording}"


def history_lines(evidence: Sequence[ConsentRow], at: datetime) -> list[ConsentLine]:
    """All that was said of consent, each with its proof: the words, and where in which file it stands."""
    return [
        ConsentLine(one.channel, CHANNELS.get(one.channel, one.channel), one.status, _whole_evidence(one, at))
        for one in evidence
    ]


def _whole_evidence(one: ConsentRow, at: datetime) -> str:
    place = listed([
        *([one.file] if one.file else []),
        *([f"row {one.file_row}"] if one.file_row else []),
        *([f"column “{one.file_column}”"] if one.file_column else []),
    ])  # fmt: skip
    said = [
        f"{_evidence(one, at)}.",
        f"Agreed to: “{one.agreed_to.rstrip('.')}.”" if one.agreed_to else "",
        f"From {place}." if place else "",
        f"Said of the whole file: {listed(list(dict.fromkeys(map(_said, one.for_all.split(', ')))))}."
        if one.for_all else "",
        f"Recorded by {one.by}." if one.by else "",
    ]  # fmt: skip
    return " ".join(part for part in said if part)


def _said(field: str) -> str:
    """Return what a field of a file says of a consent, in words."""
    if field.endswith("_at"):
        return "when"
    return {"consent_source": "where", "consent_wording": "the words"}.get(field, "the answer")


def _day_of(moment: datetime) -> datetime | date:
    """Return the day somebody agreed on: of one that came as a bare day, and counts from the first moment it was that
    day anywhere, the day itself (`clean_consent_moment`)."""
    told = moment.astimezone(UTC)
    return told.date() if told.time() == time(0) else moment


_ON_FILE = ConsentStatus.GIVEN.value
"""The look of a date of birth somebody told us."""


def _age(row: CustomerRow, at: datetime) -> ConsentLine:
    """Tell what holds of somebody's age, and which decade they are in, where a date of birth is on file."""
    line = _age_checked(row, at)
    return line if row.age_band is None else replace(line, label=f"Age, {row.age_band.label.lower()}")


def _age_checked(row: CustomerRow, at: datetime) -> ConsentLine:
    if row.age_disputed_at is not None:
        return ConsentLine("age", "Age", "disputed", f"In doubt since {show_day(row.age_disputed_at, at)}")
    if row.age_verified_at is not None:
        return ConsentLine("age", "Age", "verified", f"Checked {show_day(row.age_verified_at, at)}")
    if row.of_age_on is not None:
        is_grown = row.of_age_on <= at.date()
        turns, status = ("Turned", _ON_FILE) if is_grown else ("Turns", "minor")
        return ConsentLine("age", "Age", status, f"{turns} {LEGAL_AGE} on {show_full_day(row.of_age_on)}, not checked")
    if row.has_turned_21 is not None:  # for whoever may not read dates of birth
        turned = f"Has turned {LEGAL_AGE}" if row.has_turned_21 else f"Not yet {LEGAL_AGE}"
        status = _ON_FILE if row.has_turned_21 else "minor"
        return ConsentLine("age", "Age", status, f"{turned} by what is on file, not checked")
    return ConsentLine("age", "Age", "none", "No date of birth, nothing checked")


def next_action(row: ActionRow | None, at: datetime) -> NextAction:
    """Return the card of an action; an empty one for None."""
    if row is None:
        return NextAction()
    start = row.send_window.get("start", "")
    when = f"{show_weekday(row.scheduled_date)}{', from ' + start if start else ''}"
    return NextAction(
        title=f"{CHANNELS.get(row.channel, row.channel)}: {row.offer}",
        reason=row.reason or "",
        when=when,
        hints=listed([part for part in (row.segment_name or "", row.campaign_name or "") if part], "in"),
        href=f"/campaigns/{row.campaign_id}" if row.campaign_id else "",
        total=round(row.priority_score),
        value=round(row.value_points),
        response=round(row.response_points),
        margin=round(row.margin_points),
        fatigue=round(row.fatigue_points),
    )
