"""The design system's own promises: colours, badges, pages."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import get_args

import pytest

from liquor_app.actions.models import ActionStatus
from liquor_app.campaigns.models import CampaignStatus
from liquor_app.core.config import PROJECT_ROOT
from liquor_app.core.models import JobStatus
from liquor_app.customers.models import ConsentStatus, SuppressionReason
from liquor_app.events.models import EventType
from liquor_app.imports.models import ImportStatus
from liquor_app.ledger.models import SendStatus
from liquor_app.liquor_app import PAGES
from liquor_app.planning.models import PlanStatus
from liquor_app.scoring.models import ModelStatus
from liquor_app.templates.diff import Kind
from liquor_app.ui.badge import LOOKS
from liquor_app.ui.charts.chart_template import DARK, LIGHT
from liquor_app.ui.frame.navigation import GROUPS
from tests.ui.test_drawn_pages import elements, props

CSS = PROJECT_ROOT / "assets" / "css"


def tokens(selector: str) -> dict[str, str]:
    css = re.sub(r"/\*.*?\*/", "", (CSS / "tokens.css").read_text(), flags=re.S)
    found = re.search(rf"(?m)^{re.escape(selector)}\s*{{(.*?)}}", css, re.S)
    assert found, f"no {selector} in tokens.css"
    return {name: value.strip() for name, value in re.findall(r"--([\w-]+):([^;]+);", found[1])}


THEMES = {"light": tokens(":root,.light"), "dark": tokens(".dark")}


def luminance(color: str) -> float:
    channels = (int(color[start : start + 2], 16) / 255 for start in (1, 3, 5))
    linear = [value / 12.92 if value <= 0.03928 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


PAIRS = [
    *((text, surface) for text in ("text", "muted", "accent") for surface in ("bg", "panel", "sunken")),
    *((color, f"{color}-bg") for color in ("green", "red", "blue", "amber", "gray")),
    ("on-accent", "accent"),
    ("accent-ink", "accent-soft"),
    ("muted", "accent-soft"),
    ("muted", "sunken"),
]


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(("text", "surface"), PAIRS)
def test_every_text_on_every_surface_passes_aa(theme: str, text: str, surface: str) -> None:
    assert contrast(THEMES[theme][text], THEMES[theme][surface]) >= 4.5


@pytest.mark.parametrize(("colors", "theme"), [(LIGHT, "light"), (DARK, "dark")])
def test_charts_repeat_the_tokens(colors: dict[str, str], theme: str) -> None:
    assert colors == {name: THEMES[theme][name] for name in colors}


def statuses() -> Iterable[StrEnum]:
    for kind in (
        *(ActionStatus, CampaignStatus, ConsentStatus, EventType, ImportStatus),
        *(JobStatus, ModelStatus, PlanStatus, SendStatus, SuppressionReason),
    ):
        yield from kind


@pytest.mark.parametrize("status", sorted({str(status) for status in statuses()}))
def test_every_status_has_a_badge(status: str) -> None:
    assert status in LOOKS


def test_badges_say_a_word_and_have_a_style() -> None:
    css = (CSS / "app.css").read_text()
    for value, look in LOOKS.items():
        assert look.word[:1].isupper(), value
        assert look.tone == "gray" or f".badge.{look.tone}{{" in css, value
    assert [value for value, look in LOOKS.items() if look.tone == "unknown"] == ["unknown"]
    assert {look.word for look in LOOKS.values() if look.tone == "solid"} == {"Bought"}


def test_pages_are_named_and_reachable() -> None:
    assert len({page.route for page in PAGES}) == len(PAGES)
    routes = {page.route for page in PAGES}
    for page in PAGES:
        assert page.title
        assert page.route.startswith("/")
        assert not page.nav_group or (page.icon and page.nav_group in GROUPS), page.route
        assert not page.parent or page.parent in routes, page.route
        assert "_gallery" not in page.route or not page.nav_group
    assert sum(page.phone for page in PAGES) <= 4, "four pages and More fit a phone's bar"


def test_nothing_is_fetched_from_elsewhere() -> None:
    for path in (path for path in (PROJECT_ROOT / "assets").rglob("*") if path.suffix in {".css", ".js", ".svg"}):
        addresses = re.findall(r"https?:(?://|%3A//)[\w.-]+", path.read_text())
        assert set(addresses) <= {"http://www.w3.org"}, path


def test_the_font_ships_with_its_licence() -> None:
    fonts = PROJECT_ROOT / "assets" / "fonts"
    assert (fonts / "inter-latin-wght.woff2").stat().st_size < 60_000
    assert "SIL OPEN FONT LICENSE" in Path(fonts / "inter-LICENSE.txt").read_text()


def test_no_class_of_its_own_touches_the_lines_of_a_comparison() -> None:
    """The kinds of lines are classes beside `ln`; removed ones wore the helper that hides, and were not shown."""
    css = (CSS / "app.css").read_text()
    for kind in get_args(Kind):
        assert not re.search(rf"(?:^|[}}\s,])\.{kind}(?![\w-])", css), kind
        assert kind == "same" or f".ln.{kind}{{" in css


def test_on_a_phone_the_list_stands_before_its_charts_and_small_words_below_figures() -> None:
    css = (CSS / "app.css").read_text()
    phone = css[css.index("@media (max-width:720px){") :]
    assert ".after-sm{order:1}" in phone
    assert re.search(r"\.tbl td small\{[^}]*display:block", css), "“$19.99” and “$24.99” are two words"
    customers = next(page for page in PAGES if page.route == "/customers")
    assert str(customers.component().render()).count("after-sm") == 3


def test_a_table_of_campaigns_fits_a_phone() -> None:
    """A name, a badge and a box to tick: a sum beside them made it scroll sideways at 390 px."""
    page = next(page for page in PAGES if page.route == "/campaigns")
    heads = [props(node) for node, _ in elements(page.component().render()) if str(node["name"]).strip('"') == "th"]
    assert len(heads) == 8
    assert len([told for told in heads if "hide-sm" not in told]) == 3
