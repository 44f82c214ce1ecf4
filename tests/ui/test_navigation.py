"""The shell's navigation follows the list of pages, the open page and the reader's role."""

from __future__ import annotations

import json

import reflex as rx

from liquor_app.ui.frame.navigation import side_navigation
from liquor_app.ui.frame.page_spec import Page
from liquor_app.ui.frame.shell import Slots, shell

ADMIN = frozenset({"admin"})
PAGES = (
    Page("/", "Dashboard", rx.fragment, icon="layout-dashboard", nav_group="main", phone=True),
    Page("/customers", "Customers", rx.fragment, icon="users", nav_group="main", phone=True),
    Page("/customers/[customer_id]", "Customer", rx.fragment, parent="/customers"),
    Page("/segments", "Segments", rx.fragment, icon="layers", nav_group="main"),
    Page("/settings", "Settings", rx.fragment, icon="settings", nav_group="admin", roles=ADMIN),
)


def drawn(page: Page, slots: Slots | None = None) -> str:
    return json.dumps(shell(page, PAGES, slots or Slots()).render(), default=str)


def test_the_open_page_is_marked_at_the_side_and_at_the_bottom() -> None:
    assert drawn(PAGES[0]).count("aria-current") == 2
    assert drawn(PAGES[3]).count("aria-current") == 2, "at the side and in the More sheet"


def test_a_page_below_another_marks_its_parent() -> None:
    assert drawn(PAGES[2]).count("aria-current") == 2
    assert "/customers/[customer_id]" not in drawn(PAGES[2])


def test_pages_of_a_role_hang_on_the_role() -> None:
    for role in ("user", "admin"):
        text = drawn(PAGES[0], Slots(role=role)).replace('\\"', "'")
        assert text.count(f"['admin'].includes('{role}')") == 3, "its heading, its entry and its line under More"


def test_a_heading_stands_over_what_is_not_everybodys_alone() -> None:
    """Before: "Admin" stood over the one page of its group that everybody sees, for viewers, too."""
    pages = (*PAGES, Page("/templates", "Templates", rx.fragment, icon="file-text", nav_group="admin"))
    side = json.dumps(side_navigation(PAGES[0], pages, "Harbor & Vine", "user", {}).render(), default=str)
    assert side.replace('\\"', "'").count("['admin'].includes('user')") == 2, "its heading and the entry of settings"


def test_slots_are_filled() -> None:
    text = drawn(
        PAGES[0], Slots(brand="Harbor & Vine", banner="sample!", counts={"/customers": rx.Var.create("1,545")})
    )
    for word in ("Harbor & Vine", "sample!", "1,545", "Skip to content"):
        assert word in text


def test_the_sign_has_a_name_where_its_words_have_no_room() -> None:
    """Between a phone and a desk the side shows signs alone."""
    side = side_navigation(PAGES[0], PAGES, "Harbor & Vine", "user", {}).render()
    (sign,) = [one for one in side["children"] if 'className:"brand"' in one["props"]]
    assert 'title:"Liquor Marketing"' in sign["props"]
