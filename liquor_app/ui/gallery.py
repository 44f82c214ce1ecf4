"""A developer's page: every component in its states. Not in the navigation; its data are made up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import reflex as rx

from liquor_app.ui.badge import LOOKS, badge, live, status_badge
from liquor_app.ui.button import avatar, button, icon_button, link
from liquor_app.ui.card import call_to_action, card, key_values, list_item, note, plain_list, quote
from liquor_app.ui.chart import Series, bar_chart, legend, revenue_chart
from liquor_app.ui.dialog import confirm, dialog
from liquor_app.ui.donut import Slice, donut, slices
from liquor_app.ui.empty import empty, failed
from liquor_app.ui.filters import add_chip, chip, filter_bar
from liquor_app.ui.form import checkbox, search_input, select_field, switch, text_field
from liquor_app.ui.interval import interval, interval_marks
from liquor_app.ui.kpi import kpi, sparkline_path
from liquor_app.ui.layout import col, grid, row
from liquor_app.ui.menu import Item, menu
from liquor_app.ui.page import page_head
from liquor_app.ui.priority import priority, priority_legend
from liquor_app.ui.progress import bar, churn_band, progress, stacked
from liquor_app.ui.skeleton import skeleton, skeleton_lines
from liquor_app.ui.stepper import stepper
from liquor_app.ui.table import Column, Selection, bulk_bar, pager, table
from liquor_app.ui.tabs import segmented, tabs
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
    query: str = ""
    view: str = "overview"
    engine: str = "heuristic"
    consent: bool = True
    asking: bool = False
    editing: bool = False
    typed: str = ""

    @rx.event
    def sort_by(self, key: str) -> None:
        self.sort = key if self.sort == f"-{key}" else f"-{key}"
        self.people = sorted(self.people, key=lambda one: one.churn, reverse=self.sort.startswith("-"))

    @rx.event
    def toggle(self, person: str) -> None:
        self.chosen = [one for one in self.chosen if one != person] if person in self.chosen else [*self.chosen, person]

    @rx.event
    def toggle_page(self) -> None:
        self.chosen = [] if self.chosen else [one.id for one in self.people]

    @rx.event
    def search(self, query: str) -> None:
        self.query = query[:100]
        self.people = [one for one in PEOPLE if self.query.lower() in one.name.lower()]

    @rx.event
    def show(self, view: str) -> None:
        self.view = view

    @rx.event
    def use(self, engine: str | list[str]) -> None:
        self.engine = str(engine)

    @rx.event
    def give(self, consent: bool) -> None:
        self.consent = consent

    @rx.event
    def ask(self, asking: bool) -> None:
        self.asking, self.typed = asking, ""

    @rx.event
    def edit(self, editing: bool) -> None:
        self.editing = editing

    @rx.event
    def type_word(self, typed: str) -> None:
        self.typed = typed[:20]

    @rx.event
    def say(self, what: str) -> rx.event.EventSpec:
        if what == "done":
            return toast_done(
                "Plan approved", "581 sends, first one Tue 24 Nov 09:00", action="Undo", on_action=GalleryState.noted
            )
        if what == "warning":
            return toast_warning("Campaign paused itself", "Five provider failures in a row. Nothing was lost.")
        return toast_failed("Not saved", "Omar changed this 2 minutes ago.")

    @rx.event
    def noted(self) -> None:
        self.asking = False


def _named(name: str, words: str, *content: rx.Component, columns: int = 6) -> rx.Component:
    head = row(rx.el.h2(name), rx.el.span(words, class_name="muted t12"))
    return rx.el.div(head, *content, class_name=f"c{columns} full-sm col g8")


def _kpis() -> Sequence[rx.Component]:
    up, down = sparkline_path([3, 2, 4, 4, 5, 5, 7, 6, 8, 9]), sparkline_path([9, 8, 8, 9, 6, 6, 7, 3, 3, 2])
    return (
        kpi("Revenue", "$12,684", delta="+6.8%", base="vs $11,876", trend="green", spark=up),
        kpi("Conversion", "7.2%", delta="−0.4 pt", base="vs 7.6%", trend="red", spark=down),
        kpi("Unsubscribes", "12", delta="0", base="vs 12"),
        kpi("Average order", "–", loading=True),
    )


def _charts() -> Sequence[rx.Component]:
    return (
        card(
            rx.el.p(
                rx.el.b("$1,486", class_name="t16 num"),
                rx.el.span(" incremental, 95% interval $402 to $2,570", class_name="muted"),
                margin_bottom="12px",
            ),
            revenue_chart(
                GalleryState.days,
                GalleryState.revenue,
                baseline=GalleryState.baseline,
                previous=GalleryState.before,
                label="Revenue by day, highest 755 dollars on 21 November.",
            ),
            title="Revenue",
            aside=legend(
                ("Revenue", "c1", "line"),
                ("Incremental, by holdout", "band", "box"),
                ("Previous 21 days", "ghost", "dash"),
            ),
            class_name="c8",
        ),
        card(
            donut(GalleryState.shares, "1,545", "customers", "1,545 customers in six segments, one-time buyers 25.6%."),
            title="By segment",
            aside="Scored 2 h ago",
            class_name="c4",
        ),
        card(
            bar_chart(
                GalleryState.days,
                [Series("Beer", GalleryState.revenue), Series("Wine", GalleryState.before, color="c2")],
                stacked=True,
                prefix="$",
                height=200,
                label="Spend by day, beer and wine.",
            ),
            title="Purchases",
            class_name="c8",
        ),
        card(
            rx.el.div("Expected incremental profit", class_name="t12 muted"),
            rx.el.b("$118", class_name="t20 num"),
            interval(interval_marks(31, 118, 212), "$31", "$212", "$0", "Expected $118, 80% interval $31 to $212"),
            rx.el.div("Lift", class_name="t12 muted", margin_top="8px"),
            rx.el.b("+4.2 pt ", class_name="t20 num"),
            badge("Not sure yet", dot=False),
            interval(interval_marks(-6.4, 4.2, 14.8), "−6.4", "+14.8", "0", "Lift 4.2 points, interval −6.4 to 14.8"),
            title="Interval",
            class_name="c4",
        ),
    )


def _table() -> rx.Component:
    columns = (
        Column("Customer", lambda one: rx.fragment(rx.el.b(one.name), rx.el.small(one.email))),
        Column("Segment", lambda one: one.segment, phone="under"),
        Column("Churn risk", lambda one: churn_band(one.churn, one.band), sort="churn"),
        Column("CLV, 1 year", lambda one: one.clv, sort="clv", number=True),
        Column("Last purchase", lambda one: one.last, number=True, phone="hide", wide=True),
        Column("Last send", lambda one: status_badge(one.status), phone="hide"),
        Column(
            "",
            lambda one: menu(
                icon_button("ellipsis", "More"),
                Item("Open", GalleryState.noted, "user"),
                Item("Suppress", GalleryState.noted, "ban", danger=True, divider=True),
            ),
            number=True,
            phone="hide",
        ),
    )
    picks = Selection(GalleryState.chosen, GalleryState.toggle, GalleryState.toggle_page, lambda one: one.id)
    return card(
        filter_bar(
            search_input("Name, e-mail, phone", value=GalleryState.query, on_change=GalleryState.search),
            chip("Segment", rx.el.b("any of 5"), GalleryState.noted),
            add_chip("Churn", GalleryState.noted),
            end=(button("Columns 8/21", icon="columns-3", small=True),),
        ),
        table(
            GalleryState.people,
            columns,
            label="Customers",
            sort=GalleryState.sort,
            on_sort=GalleryState.sort_by,
            href=lambda one: "/_gallery?who=" + one.id,
            selection=picks,
            empty=empty("No one matches", "Nobody's name contains that.", icon="search-x"),
        ),
        pager(
            "Showing 6 of 1,545 (exact)",
            has_previous=False,
            has_next=True,
            on_previous=GalleryState.noted,
            on_next=GalleryState.noted,
        ),
        flush=True,
        class_name="c12",
    )


def _states() -> Sequence[rx.Component]:
    loading = table(
        GalleryState.nobody,
        [Column("Customer", lambda one: one.name), Column("CLV", lambda one: one.clv, number=True)],
        label="Loading",
        loading=True,
    )
    return (
        _named(
            "Empty",
            "says what to do next",
            card(
                empty(
                    "No customers yet",
                    "Bring a CSV or Excel file. You see every problem row before anything is saved.",
                    button("Import a file", kind="primary", icon="upload"),
                    button("Load sample data"),
                    icon="users",
                )
            ),
            columns=4,
        ),
        _named(
            "Nothing found",
            "keeps the filters",
            card(
                empty(
                    "No one matches all 3 filters",
                    "Without “Last purchase under 7 days” there would be 42.",
                    button("Drop that filter"),
                    button("Clear all", kind="ghost"),
                    icon="search-x",
                )
            ),
            columns=4,
        ),
        _named(
            "Error",
            "what happened, what is safe, what to do",
            card(
                failed(
                    "The chart could not be loaded",
                    "The database did not answer in 5 seconds. Sending is not affected.",
                    button("Try again", icon="refresh-cw"),
                    reference="01JD3K9",
                )
            ),
            columns=4,
        ),
        _named(
            "Skeleton",
            "same boxes, no jump",
            card(skeleton("100%", 88, margin_bottom="16px"), skeleton_lines(3), title="Loading"),
        ),
        _named("Table, loading", "", card(loading, flush=True)),
    )


def _forms() -> Sequence[rx.Component]:
    person = card(
        col(
            note("Two things to put right before saving.", tone="red", icon="triangle-alert", alert=True),
            grid(
                text_field("First name", "first", default_value="Marguerite", class_name="c6 full-sm"),
                text_field(
                    "Date of birth",
                    "born",
                    default_value="2008-04-17",
                    error="Must be 21 or older for any message",
                    class_name="c6 full-sm",
                ),
                text_field(
                    "E-mail",
                    "email",
                    default_value="m.okafor@example",
                    error="The part after @ needs a dot",
                    class_name="c6 full-sm",
                ),
                text_field(
                    "Phone",
                    "phone",
                    optional=True,
                    default_value="+1 207 555 0148",
                    hint="Needed for SMS",
                    class_name="c6 full-sm",
                ),
                select_field("Time zone", "zone", [("ny", "New York"), ("la", "Los Angeles")], class_name="c6 full-sm"),
                text_field("Note", "note", lines=2, optional=True, class_name="c6 full-sm"),
            ),
            row(
                switch("E-mail consent", checked=GalleryState.consent, on_change=GalleryState.give),
                checkbox("Keep me signed in", checked=True, on_change=GalleryState.noted),
                row(button("Cancel"), button("Save", kind="primary")),
                apart=True,
                wrap=True,
            ),
            gap=12,
        )
    )
    buttons = card(
        col(
            row(
                button("Plain"),
                button("Primary", kind="primary", icon="plus"),
                button("Ghost", kind="ghost"),
                button("Danger", kind="danger", icon="ban"),
                button("Erase for good", kind="solid-danger"),
                button("Disabled", disabled=True),
                button("Saving", busy=True, kind="primary"),
                button("Small", small=True),
                icon_button("bell", "Notifications, 3 new", pip=True),
                avatar("DR"),
                link("A link", "/_gallery"),
                wrap=True,
            ),
            row(
                button("Erase…", kind="danger", on_click=GalleryState.ask(True)),
                button("Dialog", on_click=GalleryState.edit(True)),
                button("Toast: done", on_click=GalleryState.say("done")),
                button("Toast: warning", on_click=GalleryState.say("warning")),
                button("Toast: failed", on_click=GalleryState.say("failed")),
                wrap=True,
            ),
            row(
                segmented(
                    [("heuristic", "Heuristic"), ("llm", "AI"), ("manual", "By hand")],
                    value=GalleryState.engine,
                    on_change=GalleryState.use,
                    label="Engine",
                ),
                live("Live, 0.2 s behind"),
                wrap=True,
            ),
            stepper(["Details", "Audience", "Strategy", "Review plan", "Schedule"], 3),
            tabs(
                [
                    ("overview", "Overview", rx.el.p("Numbers first.")),
                    ("churn", "Churn", rx.el.p("Who is about to leave.")),
                ],
                value=GalleryState.view,
                on_change=GalleryState.show,
                label="Analytics",
            ),
            note(
                "3 messages are unknown. ",
                "A worker stopped after the request left and before the reply came.",
                tone="amber",
                icon="circle-help",
                action=button("See them", small=True),
            ),
            gap=16,
        )
    )
    return _named("Form", "errors beside the field, in words", person), _named(
        "Buttons and choices", "one primary a view", buttons
    )


def _marks() -> Sequence[rx.Component]:
    badges = card(
        row(*(status_badge(status) for status in LOOKS), badge("Recency bands", "outline", dot=False), wrap=True)
    )
    return (
        _named("Badges", "a colour never speaks alone", badges, columns=12),
        card(
            plain_list(
                list_item(
                    rx.el.div(
                        row(rx.el.b("Lapsing beer regulars, win-back", class_name="med grow"), status_badge("active")),
                        progress(81, "494 / 612", "Sent", "Sending, 96 a minute. 68 held out"),
                        class_name="col g4 grow",
                    )
                ),
                list_item(
                    rx.el.div(
                        row(rx.el.b("Holiday spirits preview", class_name="med grow"), status_badge("scheduled")),
                        progress(0, "0 / 318", "Sent", "Starts Tue 1 Dec, approved"),
                        class_name="col g4 grow",
                    )
                ),
            ),
            title="Active campaigns",
            aside=link("View all", "/_gallery"),
            flush=True,
            class_name="c4",
        ),
        card(
            col(
                priority(87, 38, 31, 22, 4),
                priority(57, 16, 26, 17, 2),
                stacked([(38, "green"), (27, "amber"), (35, "red")], "Low 38%, medium 27%, high 35%"),
                bar(60, "Budget"),
            ),
            title="Priority",
            aside=priority_legend(),
            class_name="c4",
        ),
        card(
            key_values(("Reach", "581 of 742"), ("Held out, 10%", "65"), ("Expected buyers", "61")),
            rx.el.div(
                quote("Bought ", rx.el.b("5 or more times"), ", and ", rx.el.b("not in the last 30 days"), "."),
                margin_top="12px",
            ),
            title="Simulation",
            foot="Refreshes every night at 03:00",
            class_name="c4",
        ),
    )


def gallery() -> rx.Component:
    """The page."""
    return rx.fragment(
        page_head(
            "Gallery",
            "Every component in its states, drawn once",
            button("New campaign", kind="primary", icon="plus"),
            crumbs=(("Developers", "/_gallery"),),
            badge=status_badge("awaiting_approval"),
        ),
        grid(
            call_to_action(
                "This week's plan is waiting for your approval",
                rx.fragment(
                    "581 sends to 581 customers, Tue 24 to Mon 30 Nov. Expected incremental profit ",
                    rx.el.b("$118"),
                    ", 80% interval $31 to $212.",
                ),
                button("Simulate"),
                button("Review plan", kind="primary", trailing="arrow-right"),
            ),
            *_kpis(),
            *_charts(),
            _table(),
            *_states(),
            *_forms(),
            *_marks(),
        ),
        bulk_bar(
            GalleryState.chosen,
            button("Add to segment", icon="layers"),
            button("Export", icon="download"),
            on_clear=GalleryState.toggle_page,
        ),
        confirm(
            "Erase Marguerite Okafor?",
            "Her profile, purchases and messages are deleted for good. A keyed hash stays on the suppression list.",
            "Erase for good",
            open=GalleryState.asking,
            on_open_change=GalleryState.ask,
            on_confirm=GalleryState.ask(False),
            danger=True,
            word="erase",
            typed=GalleryState.typed,
            on_type=GalleryState.type_word,
        ),
        dialog(
            "New segment",
            text_field("Name", "segment", default_value="Whisky buyers going quiet"),
            open=GalleryState.editing,
            on_open_change=GalleryState.edit,
            description="Customers who match all of these rules",
            foot=rx.fragment(
                button("Cancel", on_click=GalleryState.edit(False)),
                button("Create segment", kind="primary", on_click=GalleryState.edit(False)),
            ),
        ),
    )
