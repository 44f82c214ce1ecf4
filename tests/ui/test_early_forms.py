"""What stands on a page before its data has come, and what is too long for its column."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import reflex as rx

from liquor_app.screens.organization.audit.page import audit_page
from liquor_app.screens.organization.brand.page import brand_page
from liquor_app.screens.organization.sign_up.page import sign_up_page


@pytest.mark.parametrize("page", [brand_page, sign_up_page])
def test_a_form_waits_for_what_is_stored(page: Callable[[], rx.Component]) -> None:
    """Its fields stand in the branch that is drawn once `loading` is over: before, there is nothing to type in."""
    drawn = str(page().render())
    assert "from_name" in drawn or "headline" in drawn
    waiting = drawn.index("loading")
    assert "type_in" in drawn
    assert "type_in" not in drawn[:waiting]
    assert "type_in" not in drawn[waiting : drawn.index("false_value", waiting)]


def test_changes_in_the_audit_log_break_in_their_column() -> None:
    drawn = str(audit_page().render())
    assert drawn.count("overflowWrap") >= 2, "in the column, and below the time where there is no room for it"
