"""Every page as it is drawn: one heading, names for whatever can be pressed or filled, links that lead to pages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import reflex as rx

from liquor_app.liquor_app import PAGES
from liquor_app.screens.customers.doubles.page import doubles_page
from liquor_app.screens.customers.form.state import EditCustomerState
from liquor_app.screens.forms.view import form_dialog, form_of
from liquor_app.screens.imports.drop_folders.state import DropFoldersState
from liquor_app.screens.sending.replies.page import replies_page
from liquor_app.ui.forms.dialog import dialog
from liquor_app.ui.forms.form import text_field
from liquor_app.ui.forms.menu import Item, menu
from liquor_app.ui.frame.page_spec import Page
from liquor_app.ui.table import Column, table

ELSEWHERE = ("/api/", "/docs", "/openapi.json", "/manual")
"""Addresses that are no pages of the app."""
NAMING = ("ariaLabel", "aria-label", "aria-labelledby", "ariaLabelledby", "title:")
DYNAMIC = re.compile(r"\[\w+\]")


def elements(node: Any, within: tuple[str, ...] = ()) -> Iterator[tuple[dict[str, Any], tuple[str, ...]]]:
    """Every element of a rendered tree and the tags around it."""
    if isinstance(node, list):
        for one in node:
            yield from elements(one, within)
    elif isinstance(node, dict):
        tag = str(node.get("name", "")).strip('"')
        if tag:
            yield node, within
        for key, value in node.items():
            if key != "props" and isinstance(value, dict | list):
                yield from elements(value, (*within, tag) if tag else within)


def says(node: Any) -> bool:
    """Whether there are words in it, or a variable that may hold some."""
    if isinstance(node, list):
        return any(map(says, node))
    if not isinstance(node, dict):
        return False
    if words := node.get("contents"):
        return str(words).strip(' "') != ""
    return any(says(value) for key, value in node.items() if key != "props")


def props(node: dict[str, Any]) -> str:
    return "\n".join(map(str, node.get("props", [])))


def losing(page: Any) -> list[str]:
    """Dialogs of a page that hold a field and are closed without a question."""
    wrong = []
    for box, _ in elements(page):
        if re.fullmatch(r'"?RadixThemes(Alert)?Dialog\.Root"?', str(box["name"])):
            inner = [(str(one["name"]).strip('"'), props(one)) for one, _ in elements(box.get("children"))]
            fields = [told for tag, told in inner if tag in {"input", "select", "textarea", "DebounceInput"}]
            fields = [told for told in fields if 'id:"confirm-word"' not in told]  # a word typed to be sure is no loss
            asks = re.search(r'state\.close"', props(box)) and any('"data-dirty"' in told for _, told in inner)
            if fields and not asks:
                wrong.append(fields[0])
    return wrong


def opposites(page: Any) -> list[str]:
    """Menus that offer to turn something on and off at once, whatever it is now."""
    wrong = []
    for box, _ in elements(page):
        if str(box["name"]).strip('"') == "RadixThemesDropdownMenu.Content":
            lines = re.findall(r'ReflexEvent\("([^"]+)", (\(\{.*?\}\))', "\n".join(map(props, box["children"])))
            both = [name for name, told in lines if ": true" in told for other, off in lines
                    if name == other and off == told.replace(": true", ": false")]  # fmt: skip
            wrong += both
    return wrong


def faults(page: Page) -> list[str]:
    whole = page.component().render()
    drawn = list(elements(whole))
    labelled = set(re.findall(r"htmlFor:\"([^\"]+)\"", "\n".join(props(node) for node, _ in drawn)))
    routes = [re.compile(DYNAMIC.sub("[^/]+", one.route) + "$") for one in PAGES]
    found = [f"a dialog that closes unasked: {told[:200]}" for told in losing(whole)]
    found += [f"a menu that offers both of {verb}" for verb in opposites(whole)]
    for node, within in drawn:
        tag, told = str(node["name"]).strip('"'), props(node)
        named = any(one in told for one in NAMING)
        if tag in {"button", "a", "ReactRouterLink"} and not named and not says(node.get("children")):
            found.append(f"a {tag} without a name: {told[:200]}")
        if tag == "th" and not says(node.get("children")):
            found.append(f"a th without words: {told[:200]}")
        if tag in {"input", "select", "textarea", "DebounceInput"} and 'type:"hidden"' not in told:
            own = re.search(r"\bid:\"([^\"]+)\"", told)
            if not named and "label" not in within and not (own and own[1] in labelled) and "id:" not in told:
                found.append(f"a {tag} without a label: {told[:200]}")
        shared = re.search(r'"aria-label":("[^"]*")', told) if tag in {"button", "input"} else None
        if tag == "span" and within[-1:] == ("label",) and 'className:"sr"' in told:
            shared = re.match(r'(".*")$', str(node["children"][0].get("contents")))
        if shared and "tbody" in within:
            found.append(f"a {tag} that every row calls the same: {shared[1]}")
        for address in re.findall(r'(?:href|to):"(/[^"?#]*)', told):
            if not address.startswith(ELSEWHERE) and not any(one.match(address) for one in routes):
                found.append(f"a link to no page: {address}")
    if not page.bare and sum(str(node["name"]).strip('"') == "h1" for node, _ in drawn) == 0:
        found.append("no heading")
    return found


@pytest.mark.parametrize("page", PAGES, ids=[page.route for page in PAGES])
def test_a_page_is_drawn_whole(page: Page) -> None:
    assert faults(page) == []


def test_the_check_sees() -> None:
    pick = rx.el.label(rx.el.input(type="checkbox"), rx.el.span("Select row", class_name="sr"))
    row = rx.el.tr(rx.el.td(rx.el.button("x", aria_label="More"), pick))
    wrong = Page(
        "/x", "X", lambda: rx.fragment(
            rx.el.button(rx.el.i()), rx.el.input(type="text"), rx.el.a("x", href="/nowhere"),
            rx.el.table(rx.el.thead(rx.el.tr(rx.el.th(class_name="r"))), rx.el.tbody(row)),
        )
    )  # fmt: skip
    assert [words.split(":")[0] for words in faults(wrong)] == [
        "a button without a name", "a input without a label", "a link to no page", "a th without words",
        "a button that every row calls the same", "a span that every row calls the same", "no heading",
    ]  # fmt: skip


def test_what_folds_under_a_field_says_whose_it_is() -> None:
    """On a phone both profiles' values stand under the field's name, one above the other."""
    drawn = str(doubles_page().render())
    assert '"Stays: "' in drawn
    assert '"Becomes part of it: "' in drawn


def test_a_menu_that_offers_both_is_seen() -> None:
    def drawn(**given: Any) -> Any:
        on = Item("Pause", DropFoldersState.pause("a", True), **given)
        return menu(rx.el.button("More"), on, Item("Go on", DropFoldersState.pause("a", False), **given)).render()

    assert opposites(drawn()) != []
    assert opposites(drawn(when=DropFoldersState.root == "")) == []


def test_a_dialog_that_closes_unasked_is_seen() -> None:
    fields = text_field("Name", "name"), rx.el.textarea(name="why")
    form = rx.form(fields[0])
    close = EditCustomerState.close

    def seen(drawn: rx.Component) -> list[str]:
        return losing(drawn.render())

    assert seen(dialog("New", form, open=EditCustomerState.open, on_open_change=close)) != []
    assert seen(dialog("New", fields[1], open=True, on_open_change=close)) != []
    guarded = form_of(EditCustomerState, fields[0])
    assert seen(dialog("New", guarded, open=True, on_open_change=EditCustomerState.stay)) != []
    assert seen(rx.alert_dialog.root(rx.alert_dialog.content(fields[1]))) != []
    assert seen(form_dialog(EditCustomerState, "New", guarded, open=EditCustomerState.open)) == []
    assert seen(dialog("Look", rx.el.p("nothing to type"), open=True, on_open_change=EditCustomerState.stay)) == []


def test_what_somebody_wrote_is_whole_at_any_width() -> None:
    """Whether a text is a no is decided by all of its words: a phone showed the first thirty letters, a tablet none."""
    drawn = str(replies_page().render())
    folded = re.findall(r'className:\\?"(under[^"\\]*)', drawn)
    assert folded
    assert len([looks for looks in folded if looks == "under whole"]) == 2, "the words, and what can be done with them"
    row = table(rx.Var.create([{"a": "x"}]), [Column("A", lambda line: line["a"]),
                Column("B", lambda line: line["a"], phone="under", wide=True)], label="L").render()  # fmt: skip
    assert "under md" in str(row), "between a phone and a desk it is folded, not gone"
