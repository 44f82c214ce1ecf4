"""The rule builder: lines to choose and to type into, and the count beside them."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission
from liquor_app.scoring.estimators.rfm import RfmSegment
from liquor_app.screens.segments.edit.count_state import CountState
from liquor_app.screens.segments.edit.rule_editor import DAYS, MEMBER, MODES, SHARE
from liquor_app.screens.segments.edit.state import EditSegmentState
from liquor_app.screens.session.role_controls import allowed
from liquor_app.segments.rule_fields import EVENTS, FIELDS
from liquor_app.ui.button import button, icon_button
from liquor_app.ui.card import card, note, quote
from liquor_app.ui.charts.progress import bar
from liquor_app.ui.forms.choice import select
from liquor_app.ui.forms.form import small_input
from liquor_app.ui.forms.rule_frame import rule_line
from liquor_app.ui.grid import col, row

YES_NO = [("true", "yes"), ("false", "no")]


def rule_builder() -> rx.Component:
    """Draw every line of the rule, and the values that are offered while typing."""
    return rx.fragment(
        rx.el.datalist(rx.foreach(EditSegmentState.categories, lambda name: rx.el.option(value=name)), id="categories"),
        product_names(),
        rx.el.datalist(*(rx.el.option(name.label, value=name.value) for name in RfmSegment), id="rfm-names"),
        rx.foreach(EditSegmentState.lines, _line),
    )


def product_names() -> rx.Component:
    """Draw the products that what is being typed is part of."""
    return rx.el.datalist(
        rx.foreach(EditSegmentState.products, lambda one: rx.el.option(one[1], value=one[0])), id="products"
    )


def _line(line: Any) -> rx.Component:
    # A group's own depth is that of its tray; what stands in it is one deeper.
    inside = line.depth.to(int) - 1
    return rx.match(
        line.kind,
        ("group", rule_line(*_group(line), level=line.depth, place="start", error=line.error)),
        ("add", rule_line(*_add(line), level=line.depth, place="end")),
        ("event", rule_line(*_event(line), level=inside, below=_often(line), error=line.error)),
        ("segment", rule_line(*_segment(line), level=inside, error=line.error)),
        rule_line(*_field(line), level=inside, error=line.error),
    )


def _change(line: Any, part: str) -> Any:
    return lambda value: EditSegmentState.change(line.id, part, value)


def _remove(line: Any, what: str) -> rx.Component:
    return allowed(
        Permission.SEGMENTS_WRITE, icon_button("x", f"Remove {what}", on_click=EditSegmentState.remove(line.id))
    )


def _group(line: Any) -> tuple[rx.Component, ...]:
    nested = line.depth.to(int) > 0
    return (
        rx.el.span(rx.cond(nested, "and who match", "Customers who match")),
        select("Which of the conditions", MODES, value=line.mode, on_change=_change(line, "mode"),
               class_name="sm mode"),
        rx.el.span("these:", class_name="grow"),
        rx.cond(nested, _remove(line, "group"), rx.fragment()),
    )  # fmt: skip


def _add(line: Any) -> tuple[rx.Component, ...]:
    more = (
        button("Condition", icon="plus", small=True, on_click=EditSegmentState.add(line.id, "field")),
        button("Group", icon="parentheses", small=True, on_click=EditSegmentState.add(line.id, "group")),
    )
    return (allowed(Permission.SEGMENTS_WRITE, *more),)


def _what(line: Any) -> rx.Component:
    """Tell what a condition asks about; the registry of fields and events, grouped."""

    def options(prefix: str, registry: dict[str, Any]) -> list[rx.Component]:
        return [rx.el.option(one.label, value=f"{prefix}:{name}") for name, one in registry.items()]

    return rx.el.select(
        rx.el.optgroup(*options("event", EVENTS), label="What they did"),
        rx.el.optgroup(*options("field", FIELDS), label="Who they are"),
        rx.cond(
            EditSegmentState.custom,
            rx.el.optgroup(
                rx.foreach(EditSegmentState.custom, lambda one: rx.el.option(one[1], value=one[0])),
                label="Your own fields",
            ),
            rx.fragment(),
        ),
        rx.el.optgroup(rx.el.option("Another segment", value=MEMBER), label="Where they are"),
        value=line.what,
        on_change=_change(line, "what"),
        class_name="input sm what",
        aria_label="What is asked",
    )


def _segment(line: Any) -> tuple[rx.Component, ...]:
    """In or outside another segment; an empty one waits to be chosen."""
    others = rx.el.select(
        rx.el.option("Choose a segment", value="", disabled=True),
        rx.foreach(EditSegmentState.others, lambda one: rx.el.option(one[1], value=one[0])),
        value=line.value,
        on_change=_change(line, "value"),
        class_name="input sm",
        aria_label="Which segment",
    )
    within = select("In or outside", line.ops, value=line.op, on_change=_change(line, "op"), class_name="sm")
    return _what(line), within, others, _remove(line, "condition")


def _field(line: Any) -> tuple[rx.Component, ...]:
    typed = {"value": line.value, "on_change": _change(line, "value")}
    number = small_input("Number", input_mode="decimal", **typed)
    high = small_input("Highest", input_mode="decimal", value=line.high, on_change=_change(line, "high"))
    sign = rx.cond((line.unit == SHARE) | (line.unit == DAYS), "", line.unit)
    percent = rx.cond(line.unit == SHARE, "%", "")
    control = rx.match(
        line.control,
        ("none", rx.fragment()),
        ("flag", select("Value", YES_NO, class_name="sm", **typed)),
        ("choice", select("Value", line.options, class_name="sm", **typed)),
        ("date", small_input("Day", type="date", **typed)),
        ("days", rx.fragment(small_input("Days", class_name="few", input_mode="numeric", **typed), "days")),
        ("number", rx.fragment(sign, number, percent)),
        ("between", rx.fragment(sign, number, "and", high, percent)),
        ("list", small_input("Values, separated by commas", placeholder="One, another", **typed)),
        small_input("Value", custom_attrs={"list": line.suggest}, **typed),
    )
    operator = select("How it compares", line.ops, value=line.op, on_change=_change(line, "op"), class_name="sm")
    return _what(line), operator, control, _remove(line, "condition")


def _event(line: Any) -> tuple[rx.Component, ...]:
    category = small_input(
        "Category, empty for any", placeholder="any category", value=line.category,
        on_change=_change(line, "category"), custom_attrs={"list": "categories"},
    )  # fmt: skip
    product = small_input(
        "Product, empty for any", placeholder="any product", value=line.product,
        on_change=_change(line, "product"), custom_attrs={"list": "products"},
    )  # fmt: skip
    narrowed = rx.cond(line.has_category, rx.fragment(category, product), rx.el.span(class_name="grow"))
    return _what(line), narrowed, _remove(line, "condition")


def _often(line: Any) -> tuple[rx.Component, ...]:
    """Tell how many times within how many days."""

    def few(label: str, part: str, value: Any, **props: Any) -> rx.Component:
        change = _change(line, part)
        return small_input(label, class_name="few", input_mode="numeric", value=value, on_change=change, **props)

    times = few("Times", "value", line.value)
    return (
        select("How often", line.ops, value=line.op, on_change=_change(line, "op"), class_name="sm"),
        rx.match(
            line.control,
            ("none", rx.fragment()),
            ("between", rx.fragment(times, "and", few("At most", "high", line.high), "times")),
            rx.fragment(times, "times"),
        ),
        rx.el.span("in the last"),
        few("Days, empty for ever", "days", line.days, placeholder="ever"),
        rx.el.span("days"),
    )


def live_count() -> rx.Component:
    """Tell how many the rule matches right now, how they can be reached, and a few of them."""

    def way(one: Any) -> rx.Component:
        people = rx.el.span(one.value, rx.el.span(" ", one.share, class_name="muted"), class_name="num")
        head = row(rx.el.span(one.name, class_name="muted"), people, apart=True, class_name="t12")
        return col(head, bar(one.fill, one.name, one.tone), gap=4)

    def example(one: Any) -> rx.Component:
        name = rx.el.a(one.name, href="/customers/" + one.id, class_name="link trunc")
        return rx.el.li(row(name, rx.el.span(one.segment, " ", one.churn, class_name="t12 muted num nowrap"),
                            apart=True))  # fmt: skip

    examples = rx.cond(
        CountState.examples,
        col(rx.el.span("Most at stake", class_name="t12 muted"), rx.el.ul(rx.foreach(CountState.examples, example))),
        rx.fragment(),
    )
    return card(
        col(
            row(
                rx.el.b(CountState.total, class_name="t20 num"),
                rx.el.span(CountState.of, class_name="muted num"),
                role="status",
            ),
            rx.foreach(CountState.reach, way),
            rx.cond(
                CountState.problem != "",
                note(CountState.problem, tone="red", icon="circle-alert", alert=True),
                quote(CountState.sentence),
            ),
            examples,
            gap=16,
        ),
        title="Matching now",
        aside=rx.el.span(CountState.waiting, class_name="note-t", role="status"),
        foot="Membership itself is refreshed every night, and whenever you save.",
    )
