"""One template: what is written at the left, what a customer will see at the right."""

from __future__ import annotations

from typing import Any

import reflex as rx

from liquor_app.accounts.permission_table import Permission
from liquor_app.screens.details.view import found
from liquor_app.screens.forms.view import unsaved_mark
from liquor_app.screens.session.role_controls import allowed, is_allowed
from liquor_app.screens.templates.editor.history_state import HistoryState
from liquor_app.screens.templates.editor.sample_state import SampleState
from liquor_app.screens.templates.editor.side_panel import trial_card, versions_card
from liquor_app.screens.templates.editor.state import EditorState
from liquor_app.screens.templates.editor.test_state import TrialState
from liquor_app.screens.templates.list.page import state_badge
from liquor_app.screens.templates.view import KINDS
from liquor_app.templates.rendering.variables import VARIABLES
from liquor_app.ui.badge import badge
from liquor_app.ui.button import button
from liquor_app.ui.card import card, note
from liquor_app.ui.forms.choice import select_field
from liquor_app.ui.forms.dialog import confirm
from liquor_app.ui.forms.filters import filter_bar
from liquor_app.ui.forms.form import search_input, text_field
from liquor_app.ui.forms.source_text import SCRIPT, code_field, insert
from liquor_app.ui.frame.page_spec import Page, page_head
from liquor_app.ui.grid import col, grid, pair, row, span
from liquor_app.ui.icon import icon
from liquor_app.ui.message_preview import email_preview, sms_preview
from liquor_app.ui.skeleton import skeleton_lines
from liquor_app.ui.tabs import segmented

HEAD, SEEN = EditorState.head, EditorState.seen
IS_EMAIL = HEAD.channel == "email"


def template_page() -> rx.Component:
    bones = grid(span(6, card(skeleton_lines(8))), span(6, card(skeleton_lines(8))))
    shown = rx.cond(HEAD.id == "", bones, _template())
    return rx.fragment(rx.script(src=SCRIPT), found(EditorState, "template", "All templates", "/templates", shown))


def _template() -> rx.Component:
    reads = ~is_allowed(Permission.TEMPLATES_ADMIN)
    return rx.fragment(
        _head(),
        grid(
            span(
                6,
                rx.el.fieldset(_source(), disabled=reads, class_name="plain"),
                allowed(Permission.TEMPLATES_ADMIN, _variables()),
                rx.el.fieldset(_details(), disabled=reads, class_name="plain"),
                align_self="start",
            ),
            span(6, _preview(), allowed(Permission.TEMPLATES_ADMIN, trial_card()), versions_card(), align_self="start"),
        ),
        confirm(
            rx.cond(HEAD.active, "Switch off “" + HEAD.name + "”?", "Activate “" + HEAD.name + "”?"),
            EditorState.switching,
            rx.cond(HEAD.active, "Switch off", "Activate"),
            open=EditorState.switching != "",
            on_open_change=EditorState.ask_to_switch,
            on_confirm=EditorState.switch,
            can=EditorState.switchable,
        ),
    )


def _head() -> rx.Component:
    used = rx.cond(HEAD.used_by != "", HEAD.used_by, HEAD.would)
    saved = rx.cond(EditorState.dirty, rx.el.b("Not saved yet"), rx.fragment("Saved ", HEAD.saved))
    switch = rx.cond(
        HEAD.active,
        button("Switch off", icon="power", on_click=EditorState.ask_to_switch(True)),
        button("Activate", icon="power", on_click=EditorState.ask_to_switch(True)),
    )
    save = button(
        "Save as a new version",
        kind="primary",
        icon="check",
        on_click=HistoryState.save,
        disabled=~rx.Var.create(EditorState.dirty),
    )
    return page_head(
        HEAD.name,
        rx.fragment(saved, ". ", used, ".", unsaved_mark(EditorState)),
        allowed(Permission.TEMPLATES_ADMIN, switch, save),
        crumbs=(("Templates", "/templates"),),
        badge=row(badge(rx.cond(IS_EMAIL, "E-mail", "SMS"), dot=False), badge(HEAD.version, dot=False),
                  state_badge(HEAD)),
    )  # fmt: skip


def _area(label: str, name: str, **props: Any) -> rx.Component:
    return code_field(
        label,
        name,
        value=EditorState.values[name],
        on_change=lambda value: EditorState.type_in(name, value),
        numbers=EditorState.numbers[name],
        **props,
    )


def _source() -> rx.Component:
    subject = text_field(
        "Subject",
        "subject_template",
        value=EditorState.values["subject_template"],
        on_change=lambda value: EditorState.type_in("subject_template", value),
        error=EditorState.errors["subject_template"],
        aside=rx.el.span(rx.Var.create(SEEN.subject).length(), " characters", class_name="t12 muted num"),
        custom_attrs={"data-source": ""},
        max_length=1000,
    )
    tabs = segmented(
        [("design", "Design"), ("text", "Plain text")],
        value=EditorState.part,
        on_change=EditorState.show_part,
        label="Which part",
    )
    empty_text = rx.cond(
        EditorState.values["body_text_template"] == "",
        note("Left empty, it is made from the design. Footer and way out are added to both by themselves."),
        rx.fragment(),
    )
    email = col(
        subject,
        row(tabs, rx.el.span(SEEN.weight, class_name="t12 muted num"), apart=True),
        rx.cond(
            EditorState.part == "design",
            _area("Design, in MJML", "body_html_template"),
            col(_area("Plain text", "body_text_template"), empty_text),
        ),
        gap=12,
    )
    sms = text_field(
        "Text message",
        "body_text_template",
        lines=6,
        value=EditorState.values["body_text_template"],
        on_change=lambda value: EditorState.type_in("body_text_template", value),
        aside=rx.el.span(SEEN.detail, class_name="t12 muted num"),
        hint="The shop's name, the age and how to stop it are added by themselves.",
        custom_attrs={"data-source": ""},
    )
    return card(
        col(rx.cond(IS_EMAIL, email, sms), _problems(), gap=12),
    )


def _problems() -> rx.Component:
    def one(problem: Any) -> rx.Component:
        mark = rx.cond(
            problem.warning,
            icon("triangle-alert", label="Warning", class_name="amber"),
            icon("circle-alert", label="Mistake", class_name="red"),
        )
        jump = rx.el.button(
            problem.where, type="button", class_name="link nowrap",
            on_click=EditorState.find(problem.field, problem.line),
        )  # fmt: skip
        return rx.el.div(mark, jump, rx.el.span(problem.message, class_name="pretty"), class_name="row ts t12")

    fine = rx.el.span(icon("check", class_name="green"), " Nothing wrong with it", class_name="t12 muted")
    listed = rx.cond(
        rx.Var.create(EditorState.problems).length() > 0, col(rx.foreach(EditorState.problems, one), gap=4), fine
    )
    clipped = note(
        rx.el.b("Too heavy. "),
        "Gmail hides what comes after 102 kB, the way out first. Shorten it.",
        tone="amber",
        icon="scissors",
    )
    refusals = (EditorState.errors[name] for name in ("body_html_template", "body_text_template"))
    refused = (
        rx.cond(words, note(words, tone="red", icon="circle-alert", alert=True), rx.fragment()) for words in refusals
    )
    return rx.el.div(
        *refused, listed, rx.cond(SEEN.clipped, clipped, rx.fragment()), class_name="col g8", aria_live="polite"
    )


def _variables() -> rx.Component:
    def one(name: str, example: str) -> rx.Component:
        return rx.el.button(
            name, type="button", class_name="var", title=f"For example: {example}", on_click=insert(f"{{{{ {name} }}}}")
        )

    def own(name: Any) -> rx.Component:
        """Draw a field of the shop's own."""
        return rx.el.button(
            name, type="button", class_name="var", title="A field of your own", on_click=EditorState.put_own(name)
        )

    blocks = (
        ("with a default", "{{ customer.first_name | default: 'friend' }}"),
        ("own words, or yours", "{% if own_words %}{{ own_words }}{% else %}Your words{% endif %}"),
        ("only with a coupon", "{% if offer.code %}Code {{ offer.code }}{% endif %}"),
    )
    return card(
        rx.el.div(
            *(one(name, example) for name, example in VARIABLES.items()),
            rx.foreach(EditorState.own, own),
            *(
                rx.el.button(label, type="button", class_name="chip dash", title=words, on_click=insert(words))
                for label, words in blocks
            ),
            class_name="vars",
        ),
        title="Variables",
        aside="go in where the cursor stands",
    )


def _details() -> rx.Component:
    return card(
        pair(
            text_field(
                "Name",
                "name",
                value=EditorState.values["name"],
                on_change=lambda value: EditorState.type_in("name", value),
                error=EditorState.errors["name"],
                max_length=120,
            ),
            select_field(
                "Kind of message",
                "category",
                KINDS,
                value=EditorState.values["category"],
                on_change=lambda value: EditorState.type_in("category", value),
                error=EditorState.errors["category"],
                hint="Segments ask for a kind.",
            ),
        ),
        rx.cond(
            EditorState.errors["is_active"],
            note(EditorState.errors["is_active"], tone="red", icon="circle-alert", alert=True),
            rx.fragment(),
        ),
        title="Details",
    )


def _sample() -> rx.Component:
    """Tell whom it is shown for, and a search for somebody else."""
    found = rx.foreach(
        SampleState.hits,
        lambda hit: rx.el.button(hit.words, type="button", class_name="chip", on_click=EditorState.look_as(hit.value)),
    )
    back = rx.cond(
        SampleState.who != "the example",
        rx.el.button("Show the example", type="button", class_name="link t12", on_click=EditorState.look_as("")),
        rx.fragment(),
    )
    return filter_bar(
        rx.el.span("As ", rx.el.b(SampleState.who), class_name="nowrap"),
        search_input(
            "Find a customer", value=SampleState.query, on_change=SampleState.search, placeholder="As a customer…"
        ),
        found,
        end=(back,),
    )


def _preview() -> rx.Component:
    widths = segmented(
        [("desktop", "Desktop"), ("phone", "Phone"), ("text", "Text")],
        value=EditorState.view,
        on_change=EditorState.show_view,
        label="How wide",
    )
    missing = note(
        rx.el.b("Not known for " + SampleState.who + ": "),
        SEEN.missing,
        ". The message would not be sent. Give it a default.",
        tone="amber",
        icon="user-x",
    )
    broken = note(rx.el.b("Cannot be shown. "), "The last good picture stands below.", tone="red", icon="circle-alert")
    letter = rx.el.div(
        email_preview(SEEN.sender, SEEN.subject, SEEN.html, height=600),
        class_name=rx.cond(EditorState.view == "phone", "narrow", ""),
    )
    plain = rx.el.pre(SEEN.text, class_name="quote pretty", white_space="pre-wrap", overflow_wrap="anywhere")
    drawn = rx.cond(
        IS_EMAIL,
        rx.cond(EditorState.view == "text", plain, letter),
        sms_preview(SEEN.text, SEEN.segments, SEEN.detail),
    )
    return card(
        _sample(),
        rx.el.div(
            rx.cond(EditorState.broken != "", broken, rx.fragment()),
            rx.cond(SEEN.missing != "", missing, rx.fragment()),
            drawn,
            class_name="col g12 pad",
        ),
        title="Preview",
        aside=rx.cond(IS_EMAIL, widths, rx.fragment()),
        flush=True,
    )


PAGES = (
    Page(
        "/templates/[template_id]",
        "Template",
        template_page,
        on_load=[EditorState.clear, SampleState.load, EditorState.load, HistoryState.load, TrialState.load],
        parent="/templates",
    ),
)
