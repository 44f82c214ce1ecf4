"""Made-up data and the few handlers the gallery needs; nothing private."""

from __future__ import annotations

from dataclasses import dataclass

import reflex as rx

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.ui.charts.bars import Bar, Step
from liquor_app.ui.charts.donut import Slice, slices
from liquor_app.ui.charts.week import Day
from liquor_app.ui.frame.notices import Notice
from liquor_app.ui.frame.palette import Hit
from liquor_app.ui.toast import toast_done, toast_failed, toast_warning

WEEK = [412, 268, 297, 262, 352, 540, 605, 437, 270, 297, 274, 336, 556, 728, 430, 297, 322, 346, 391, 564, 755]
BEFORE = [436, 270, 280, 250, 310, 480, 664, 420, 280, 300, 268, 330, 520, 670, 410, 276, 280, 300, 350, 500, 672]


@dataclass(frozen=True, slots=True)
class Person:
    id: str
    name: str
    email: str
    segment: str
    churn: int
    band: str
    clv: str
    last: str
    status: str


PEOPLE = [
    Person(
        "1", "Yolanda Ferreira", "yolanda.f@example.com", "Champions", 7, "low", "$1,120.25", "1 day ago", "delivered"
    ),
    Person(
        "2",
        "Tom Brandvold",
        "tbrandvold@example.com",
        "Very frequent buyers",
        12,
        "low",
        "$934.10",
        "2 days ago",
        "clicked",
    ),
    Person("3", "Alice Tremonti", "alice.t@example.com", "At risk", 64, "medium", "$225.60", "41 days ago", "unknown"),
    Person(
        "4",
        "Raymond Petit",
        "rpetit@example.com",
        "Low value, frequent",
        28,
        "low",
        "$96.20",
        "9 days ago",
        "conversion",
    ),
    Person("5", "Kwame Lindqvist", "kwame.l@example.com", "One-time", 88, "high", "$14.10", "76 days ago", "bounced"),
    Person("6", "Henrik Dass", "h.dass@example.com", "One-time", 0, "", "$8.95", "102 days ago", "skipped"),
]

HITS = [
    Hit("customer", "Marguerite Okafor", "m.okafor@example.com", "/_gallery", "Customers"),
    Hit("customer", "Cyrus Marten", "c.marten@example.com", "/_gallery"),
    Hit("action", "New campaign", "", "/_gallery", "Do"),
    Hit("page", "Analytics", "", "/_gallery", "Go to"),
]
NOTICES = [
    Notice(
        "1", "act", "Thanksgiving week waits for approval", "581 sends, first Tue 09:00", "2 min", "/_gallery", True
    ),
    Notice("2", "warning", "3 sends are unknown", "Lapsing beer regulars", "9 min", "/_gallery", True),
    Notice("3", "plain", "Import finished", "1,208 saved, 14 rejected with reasons", "3 h", "/_gallery", False),
]
STEPS = [
    Step("Targeted", "680", "incl. 68 held out", 100),
    Step("Sent", "494", "of 612 planned", 73),
    Step("Delivered", "483", "97.8%", 71),
    Step("Clicked", "58", "12.0%", 9),
    Step("Bought", "37", "7.7%", 5),
]
NAMES = (("tue", "Tue"), ("wed", "Wed"), ("thu", "Thu"), ("fri", "Fri"), ("sat", "Sat"), ("sun", "Sun"), ("mon", "Mon"))
COUNTS = ((84, 18), (132, 41), (22, 0), (71, 27), (66, 20), (40, 0), (48, 12))
DAYS = [
    Day(key, name, str(24 + number), str(mails), mails / 1.5, str(texts), texts * 2)
    for number, ((key, name), (mails, texts)) in enumerate(zip(NAMES, COUNTS, strict=True))
]
BARS = [
    Bar("Very frequent buyers", "$4,018", 100, "c2", "31.7%", "+9%", "green"),
    Bar("Champions", "$3,361", 84, "c1", "26.5%", "+12%", "green"),
    Bar("At risk", "$1,078", 27, "c5", "8.5%", "−3%", "red"),
]
COHORTS = [
    ["Aug", "104", "100", "41", "37", "34"],
    ["Sep", "98", "100", "44", "39", ""],
    ["Oct", "93", "100", "46", "", ""],
    ["Nov", "81", "100", "", "", ""],
]


class GalleryState(rx.State):
    """What the interactive parts need; holds nothing private."""

    people: list[Person] = PEOPLE
    nobody: list[Person] = []
    days: list[str] = [f"2026-11-{day:02d}" for day in range(1, 22)]
    revenue: list[int] = WEEK
    before: list[int] = BEFORE
    baseline: list[float] = [round(value * 0.88, 1) for value in WEEK]
    shares: list[Slice] = slices(
        [("Champions", 142), ("Loyal", 231), ("Very frequent", 98), ("Low value", 318), ("At risk", 361), ("Once", 395)]
    )
    sort: str = "-clv"
    chosen: list[str] = ["2"]
    day: str = "wed"
    searching: bool = False
    hits: list[Hit] = HITS
    notices: list[Notice] = NOTICES
    unread: int = 2
    steps: list[Step] = STEPS
    days_of_week: list[Day] = DAYS
    bars: list[Bar] = BARS
    cohorts: list[list[str]] = COHORTS
    query: str = ""
    view: str = "overview"
    engine: str = "heuristic"
    consent: bool = True
    asking: bool = False
    editing: bool = False
    typed: str = ""

    @rx.event
    @needs(Permission.ENTER)
    def sort_by(self, key: str, also: bool = False) -> None:
        self.sort = key if self.sort == f"-{key}" else f"-{key}"
        self.people = sorted(self.people, key=lambda one: one.churn, reverse=self.sort.startswith("-"))

    @rx.event
    @needs(Permission.ENTER)
    def toggle(self, person: str) -> None:
        self.chosen = [one for one in self.chosen if one != person] if person in self.chosen else [*self.chosen, person]

    @rx.event
    @needs(Permission.ENTER)
    def toggle_page(self) -> None:
        self.chosen = [] if self.chosen else [one.id for one in self.people]

    @rx.event
    @needs(Permission.ENTER)
    def search(self, query: str) -> None:
        self.query = query[:100]
        self.people = [one for one in PEOPLE if self.query.lower() in one.name.lower()]

    @rx.event
    @needs(Permission.ENTER)
    def choose(self, day: str) -> None:
        self.day = day

    @rx.event
    @needs(Permission.ENTER)
    def look(self, searching: bool) -> None:
        self.searching = searching

    @rx.event
    @needs(Permission.ENTER)
    def read_all(self) -> None:
        self.unread = 0

    @rx.event
    @needs(Permission.ENTER)
    def show(self, view: str) -> None:
        self.view = view

    @rx.event
    @needs(Permission.ENTER)
    def use(self, engine: str | list[str]) -> None:
        self.engine = str(engine)

    @rx.event
    @needs(Permission.ENTER)
    def give(self, consent: bool) -> None:
        self.consent = consent

    @rx.event
    @needs(Permission.ENTER)
    def ask(self, asking: bool) -> None:
        self.asking, self.typed = asking, ""

    @rx.event
    @needs(Permission.ENTER)
    def edit(self, editing: bool) -> None:
        self.editing = editing

    @rx.event
    @needs(Permission.ENTER)
    def type_word(self, typed: str) -> None:
        self.typed = typed[:20]

    @rx.event
    @needs(Permission.ENTER)
    def say(self, what: str) -> rx.event.EventSpec:
        if what == "done":
            return toast_done(
                "Plan approved", "581 sends, first one Tue 24 Nov 09:00", action="Undo", on_action=GalleryState.noted
            )
        if what == "warning":
            return toast_warning("Campaign paused itself", "Five provider failures in a row. Nothing was lost.")
        return toast_failed("Not saved", "Omar changed this 2 minutes ago.")

    @rx.event
    @needs(Permission.ENTER)
    def noted(self) -> None:
        self.asking = False
