"""One segment: the rule and its playbook, to read or to change."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission
from liquor_app.screens.details.view import found
from liquor_app.screens.forms.view import form_of
from liquor_app.screens.segments.cards import TEMPLATES
from liquor_app.screens.segments.edit.playbook_form import CHANNELS
from liquor_app.screens.segments.edit.rules_panel import live_count, rule_builder
from liquor_app.screens.segments.edit.state import EditSegmentState
from liquor_app.screens.session.role_controls import allowed, is_allowed, roles_of
from liquor_app.ui.badge import badge
from liquor_app.ui.button import button, icon_button
from liquor_app.ui.card import card, note
from liquor_app.ui.forms.choice import select_field, switch
from liquor_app.ui.forms.form import text_field
from liquor_app.ui.frame.page_spec import Page, page_head
from liquor_app.ui.grid import col, grid, pair, row, span
from liquor_app.ui.skeleton import skeleton_lines

COLORS = [
    ("c1", "Amber"), ("c2", "Wine"), ("c3", "Sage"), ("c4", "Slate"), ("c5", "Bronze"), ("c6", "Sand"),
]  # fmt: skip


def segment_page() -> rx.Component:
    bones = grid(span(8, card(skeleton_lines(5)), card(skeleton_lines(5))), span(4, card(skeleton_lines(3))))
    shown = rx.cond(EditSegmentState.loading, bones, _form())
    return found(EditSegmentState, "segment", "All segments", "/segments", shown)


def _form() -> rx.Component:
    reads = ~is_allowed(Permission.SEGMENTS_WRITE)
    customers = button("Show customers", icon="users", href="/customers?segment=" + EditSegmentState.which)
    return form_of(
        EditSegmentState,
        page_head(
            EditSegmentState.title,
            "Who they are, and what to do about them. The count follows as you change the rule.",
            rx.cond(EditSegmentState.which != "", customers, rx.fragment()),
            allowed(Permission.SEGMENTS_WRITE, button("Save segment", kind="primary", icon="check", submit=True)),
            crumbs=(("Segments", "/segments"),),
            badge=rx.cond(EditSegmentState.active, rx.fragment(), badge("Off", dot=False)),
        ),
        rx.el.fieldset(
            grid(
                span(8, _details(), _who(), _count("only-md"), _playbook(), _offers()),
                _count("c4 sticky hide-md"),
            ),
            class_name="plain",
            disabled=reads,
        ),
        on_submit=EditSegmentState.save,
    )


def _count(where: str) -> rx.Component:
    """Beside the rule where there is room, else below it."""
    return rx.cond(EditSegmentState.by_rules, rx.el.div(live_count(), class_name=where), rx.fragment())


def _text(label: str, name: str, **props: Any) -> rx.Component:
    return text_field(
        label, name, default_value=EditSegmentState.fields[name], error=EditSegmentState.errors[name], **props
    )


def _choice(label: str, name: str, options: list[tuple[str, str]], **props: Any) -> rx.Component:
    return select_field(
        label, name, options, default_value=EditSegmentState.fields[name], error=EditSegmentState.errors[name], **props
    )


def _details() -> rx.Component:
    return card(
        col(
            pair(
                _text("Name", "name", required=True, max_length=80, placeholder="Whisky buyers going quiet"),
                _choice("Colour on charts", "color", COLORS),
            ),
            _text("What sets them apart", "description", optional=True, lines=2, max_length=500),
            switch(
                "Active: counted every night and offered to campaigns",
                checked=EditSegmentState.active,
                on_change=EditSegmentState.switch,
            ),
            gap=16,
        ),
        title="Segment",
    )


def _who() -> rx.Component:
    by_hand = note("A hand-picked list: customers are put on it one by one, not by a rule.")
    return card(rx.cond(EditSegmentState.by_rules, rule_builder(), by_hand), title="Who belongs to it")


def _playbook() -> rx.Component:
    window = EditSegmentState.errors["optimal_send_window"]
    return card(
        col(
            _text(
                "Messaging strategy", "messaging_strategy", optional=True, lines=2, max_length=500,
                hint="How to speak to them, in a sentence; the writer of messages follows it.",
            ),
            pair(
                _choice("Reach them by", "optimal_channels", CHANNELS),
                _choice("Kind of message", "template_category", list(TEMPLATES.items())),
            ),
            pair(
                _text("Best from", "start", type="time", required=True),
                _text("until", "end", type="time", required=True, hint="In the customer's own time zone"),
            ),
            rx.cond(window, note(window, tone="red", icon="circle-alert", alert=True), rx.fragment()),
            pair(
                _text("Highest discount, %", "max_discount_pct", input_mode="decimal", required=True),
                _text(
                    "Margin floor, %", "margin_floor_pct", input_mode="decimal", required=True,
                    hint="No offer may leave less than this",
                ),
            ),
            gap=16,
        ),
        title="Playbook",
    )  # fmt: skip


def _offers() -> rx.Component:
    def one(offer: Any) -> rx.Component:
        def part(label: str, name: str, value: Any, **props: Any) -> rx.Component:
            return text_field(label, f"offer_{name}_{offer.id}", default_value=value, **props)

        return rx.el.div(
            row(
                rx.el.div(
                    pair(
                        part("Offer", "name", offer.name, required=True, max_length=80),
                        part("Discount, %", "discount_pct", offer.discount, input_mode="decimal", required=True),
                        part("Only for buyers of", "category", offer.category, optional=True, max_length=80),
                        part(
                            "For the product", "product", offer.product, optional=True, max_length=100,
                            placeholder="SKU or UPC", custom_attrs={"list": "products"},
                        ),
                    ),
                    part("In the message", "text", offer.text, required=True, max_length=160),
                    class_name="col g12 grow",
                ),
                allowed(Permission.SEGMENTS_WRITE,
                    icon_button(
                        "trash-2", "Remove offer " + offer.name, on_click=EditSegmentState.remove_offer(offer.id)
                    )
                ),
                gap=12,
                class_name="ts",
            ),
            rx.cond(offer.error != "", rx.el.p(offer.error, class_name="err-t", role="alert"), rx.fragment()),
            key=offer.id,
        )  # fmt: skip

    return card(
        col(
            rx.el.p(
                "Best first; the planner takes the first that fits the customer and leaves enough margin. ",
                "{category} becomes the customer's favourite, {discount} the percentage, {product} the product's name."
                " An offer for a product keeps to that product's margin, and is made only while it is in stock.",
                class_name="muted pretty",
            ),
            rx.foreach(EditSegmentState.offers, one),
            allowed(
                Permission.SEGMENTS_WRITE,
                row(button("Another offer", icon="plus", small=True, on_click=EditSegmentState.add_offer)),
            ),
            gap=16,
        ),
        title="Offers",
    )


PAGES = (
    Page(
        "/segments/new",
        "New segment",
        segment_page,
        on_load=[EditSegmentState.clear, EditSegmentState.load_new],
        parent="/segments",
        roles=roles_of(Permission.SEGMENTS_WRITE),
    ),
    Page(
        "/segments/[slug]",
        "Segment",
        segment_page,
        on_load=[EditSegmentState.clear, EditSegmentState.load],
        parent="/segments",
    ),
)
