"""A subject that says when something ends is sent only while that is so."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liquor_app.compliance.true_subjects import is_true_on, told_deadlines

WEDNESDAY = date(2026, 11, 25)
TODAY, TOMORROW, SUNDAY, FIFTH = WEDNESDAY, date(2026, 11, 26), date(2026, 11, 29), date(2026, 12, 5)
MONTHS_END = date(2026, 11, 30)


@pytest.mark.parametrize(
    ("subject", "meant"),
    [
        ("10% off ends today", TODAY), ("Last chance: your Merlot", TODAY), ("Final hours!", TODAY),
        ("TODAY ONLY: 20% off", TODAY), ("Until midnight", TODAY), ("Tonight is the last night", TODAY),
        ("Ends tomorrow", TOMORROW), ("Good until tomorrow", TOMORROW), ("Ends Sunday", SUNDAY),
        ("through Sun", SUNDAY),
        ("Offer expires this Wednesday", TODAY), ("Until December 5", FIFTH), ("ends Dec. 5th", FIFTH),
        ("This weekend only", SUNDAY), ("Only this weekend", SUNDAY), ("until the weekend", SUNDAY),
        ("Only until the end of the month", MONTHS_END), ("through month-end", MONTHS_END),
        ("This month only", MONTHS_END),
        ("until the end of November", MONTHS_END), ("Ends at the end of the year", date(2026, 12, 31)),
        ("One day sale", TODAY), ("1-day only", TODAY), ("Only hours left", TODAY), ("by the end of the day", TODAY),
        ("Solo hoy: 10%", TODAY), ("Termina mañana", TOMORROW), ("¡Última oportunidad!", TODAY),
        ("Hasta el domingo", SUNDAY), ("Solo este fin de semana", SUNDAY), ("Vence el 5 de diciembre", FIFTH),
        ("hasta fin de mes", MONTHS_END), ("E\u200bnds today", TODAY), ("Еnds tоday", TODAY), ("E.n.d.s today", TODAY),
        ("ｅｎｄｓ ｔｏｄａｙ", TODAY),
        ("valid through 5 December", FIFTH), ("ends 12/5", FIFTH), ("By Saturday, Dec 5", FIFTH),
        # as they are written in a hurry
        ("Ends 2nite", TODAY), ("Ends tonite!", TODAY), ("Ends to-day", TODAY), ("Just today", TODAY),
        ("ends at 5pm", TODAY), ("by 6 PM today", TODAY), ("Gone after today", TODAY), ("Hoy termina", TODAY),
        ("Tomorrow it's gone", TODAY), ("Disappears tonight", TODAY), ("Concludes Sunday", SUNDAY),
        ("Expires 2026-12-05", FIFTH), ("Ends 12-5", FIFTH), ("Valid to 12/5", FIFTH), ("Deadline: Dec 5", FIFTH),
        ("Dec 5 is the deadline", FIFTH), ("expires on the 29th", SUNDAY), ("until the 5th", FIFTH),
        ("Only til Sunday!", SUNDAY), ("'til tomorrow", TOMORROW), ("Sale ends EOD", TODAY), ("ends by COB", TODAY),
        ("Ends 11.30", MONTHS_END), ("Last call: Sun 11/29", SUNDAY), ("Last day: Nov 29", SUNDAY),
        ("Final day is Sunday", SUNDAY), ("Last chance - Dec 5", FIFTH), ("Ends at midnight Sunday", SUNDAY),
        ("Ends at midnight on Nov 30", MONTHS_END), ("Ends this Sunday, 11/29", SUNDAY), ("Until Sat, 12/5", FIFTH),
        ("Today and tomorrow only", TOMORROW), ("Only today & tomorrow", TOMORROW),
        ("Ends New Year's Day", date(2027, 1, 1)), ("until Mother's Day", date(2027, 5, 9)),
        ("through Father's Day", date(2027, 6, 20)),
        ("until Thanksgiving", TOMORROW), ("Black Friday only", date(2026, 11, 27)),
        ("through New Year's Eve", date(2026, 12, 31)), ("ends Christmas", date(2026, 12, 25)),
    ],
)  # fmt: skip
def test_a_deadline_is_true_of_its_own_day_only(subject: str, meant: date) -> None:
    assert is_true_on(subject, WEDNESDAY, meant)
    for days in (-7, -1, 1, 7, 30):
        assert not is_true_on(subject, WEDNESDAY, meant + timedelta(days=days)), days
    assert not is_true_on(subject, WEDNESDAY, None)


@pytest.mark.parametrize(
    "subject",
    [
        "We kept your craft beer cold", "Today's pick: Merlot", "Something for Sunday", "The last of the summer wine",
        "Only for you", "Until {{ offer.ends }}", "Ends , our treat", "It is over 21 years old", "May we?",
        "Good morning",
        "Come by this weekend", "A weekend with Pinot", "Wine at the end of the day", "The end of an era",
        "Vinos de la semana", "Solo wines", "Mañana", "Only the best this month",
        "Before you go", "Closing the gap", "The final word on gin",
        "Stop by tomorrow", "Our truck stops by today", "Christmas reds", "The 25th anniversary", "A 12-5 win",
        "Merlot for Thanksgiving", "Only 10-15 bottles", "Open 24 hours",
        "Till Eulenspiegel's gin", "A tilt at til", "Wines at 13.5", "Happy New Year", "A mother's day out",
        "Midnight Merlot", "Sunday, 11 wines", "Cod and Chablis",
        "Yesterday, today: Merlot", "An hour with Syrah",
    ],
)  # fmt: skip
def test_most_subjects_tell_no_deadline(subject: str) -> None:
    assert told_deadlines(subject, WEDNESDAY) == []
    assert is_true_on(subject, WEDNESDAY, None)


def test_days_left_are_counted_either_way() -> None:
    for last, true in ((26, True), (27, True), (28, False), (25, False)):
        assert is_true_on("Only 2 days left", WEDNESDAY, date(2026, 11, last)) is true
    for subject in ("24 hours left", "Expires in 24 hours", "ends in one day", "Quedan 24 horas"):
        assert is_true_on(subject, WEDNESDAY, TOMORROW)
        assert not is_true_on(subject, WEDNESDAY, FIFTH)
    for subject in ("Two days left", "ends in 2 days", "Quedan dos días", "a two-day sale"):
        assert is_true_on(subject, WEDNESDAY, date(2026, 11, 27))
        assert not is_true_on(subject, WEDNESDAY, FIFTH)
    for subject in ("24 hrs left", "Expires in 24h", "A day left", "for the next 24 hours"):
        assert [is_true_on(subject, WEDNESDAY, day) for day in (TOMORROW, FIFTH)] == [True, False]
    for subject in ("a 48-hour flash sale", "48hr sale"):
        assert [is_true_on(subject, WEDNESDAY, day) for day in (date(2026, 11, 27), FIFTH)] == [True, False]
    for subject in ("only 3 hours", "3h left", "in the next 2 hours"):
        assert [is_true_on(subject, WEDNESDAY, day) for day in (TODAY, FIFTH)] == [True, False]
    assert is_true_on("Ends in a week", WEDNESDAY, date(2026, 12, 2))
    assert {is_true_on("until the end of the week", WEDNESDAY, SUNDAY + timedelta(days=n)) for n in (0, -1, -2)} == {
        True
    }
    assert not is_true_on("24 hours left", WEDNESDAY, SUNDAY)


def test_a_day_there_is_not_is_never_true() -> None:
    assert not is_true_on("ends 2/30", WEDNESDAY, FIFTH)
    assert not is_true_on("until November 31", WEDNESDAY, date(2026, 12, 1))


@given(st.text(max_size=80), st.dates(date(2020, 1, 1), date(2030, 12, 31)))
def test_any_subject_can_be_read(subject: str, on: date) -> None:
    told_deadlines(subject, on)
