"""Every chart is a table, CSV and a picture, and every figure's meaning opens by a tap and a key."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import reflex as rx
from playwright.sync_api import Browser, Page

from liquor_app.ui.charts.bars import Step, funnel
from liquor_app.ui.charts.chart import Series, bar_chart, line_chart, lying_chart
from liquor_app.ui.charts.donut import Slice, donut
from liquor_app.ui.charts.heat import heatmap
from liquor_app.ui.charts.kpi import kpi
from liquor_app.ui.table import Column, table
from tests.sources import reads_sources

ROOT = Path(__file__).parents[2]
SCRIPT = (ROOT / "assets/js/points.js").read_text()
NONE_OF_THEM: Any = rx.Var("[]", _var_type=list[list[str]]).to(list[list[str]])
STEPS: Any = rx.Var("[]", _var_type=list[Step])
SLICES: Any = rx.Var("[]", _var_type=list[Slice])
CHARTS: dict[str, rx.Component] = {
    "line": line_chart(["2026-11-29"], [Series("Revenue", [1.0])], label="Revenue by day"),
    "bars": bar_chart(["2026-11-29"], [Series("New", [1.0])], label="Who came"),
    "lying": lying_chart(["Rye"], [Series("Given", [1.0])], label="Codes", height=200),
    "heat": heatmap(["Cohort", "Customers"], NONE_OF_THEM, "Buyers of a hundred"),
    "donut": donut(SLICES, "1", "customers", "Segments"),
}


@pytest.mark.parametrize("kind", CHARTS)
def test_every_chart_can_be_carried_away_and_read_as_a_table(kind: str) -> None:
    drawn = str(CHARTS[kind].render())
    assert '"data-points"]:"csv"' in drawn.replace(" ", "") or 'data-points":"csv"' in drawn.replace(" ", "")
    assert "png" in drawn
    assert "table" in drawn.lower(), "a heat map is one itself"


@reads_sources
def test_nothing_draws_a_chart_past_the_kit() -> None:
    own = [
        str(path.relative_to(ROOT))
        for path in (ROOT / "liquor_app").rglob("*.py")
        if "plotly.basic(" in path.read_text() and path.name != "chart.py"
    ]
    assert not own


def test_what_a_figure_means_is_a_button_with_words() -> None:
    for drawn in (
        kpi("Revenue", "$1", meaning="What customers paid."),
        table(NONE_OF_THEM, [Column("Conversion", lambda row: row, meaning="What customers paid.")], label="x"),
    ):
        shown = str(drawn.render())
        assert re.search(r'aria-description"?\]?\s*:\s*"What customers paid\."', shown), shown[:400]
        assert "Popover" in shown
    assert "Popover" in str(funnel(STEPS, "Funnel").render())
    assert "Popover" not in str(kpi("Revenue", "$1").render()), "what means nothing more opens nothing"


PAGE = """
<div data-charted="Revenue and conversion by day. 30 days"><div class="js-plotly-plot"><a class="modebar-btn"></a></div>
<div class="points"><button data-points="table" aria-expanded="false">Table</button>
<button data-points="csv">CSV</button><button data-points="png">PNG</button></div></div>
<div data-charted="Buyers of a hundred, by months"><div><table><tr><th>Cohort</th><th>1</th></tr>
<tr><th>Jan, "new"</th><td>12</td></tr><tr><th>=1+1</th><td></td></tr></table></div>
<button data-points="csv">CSV</button><button data-points="png">PNG</button></div>
"""
PLOT = """
const plot = document.querySelector(".js-plotly-plot");
plot.data = [
  {name: "Without", hoverinfo: "skip", x: ["2026-11-28"], y: [1]},
  {name: "Revenue", x: ["2026-11-28", "2026-11-29"], y: [1200.5, null]},
  {name: "Conversion", yaxis: "y2", x: ["2026-11-28", "2026-11-29"], y: [null, 2.4]}];
plot.layout = {yaxis: {tickprefix: "$"}, yaxis2: {ticksuffix: "%"}};
plot.handlers = []; plot.on = (name, run) => plot.handlers.push(run); null;
"""


@pytest.fixture
def page(browser: Browser) -> Any:
    opened = browser.new_page()
    opened.set_content(PAGE)
    opened.add_script_tag(content=SCRIPT)
    opened.evaluate(PLOT)
    yield opened
    opened.close()


def saved(page: Page, nth: int, what: str) -> tuple[str, bytes]:
    with page.expect_download() as waits:
        page.locator("[data-charted]").nth(nth).locator(f"[data-points={what}]").click()
    return waits.value.suggested_filename, Path(waits.value.path()).read_bytes()


@pytest.mark.e2e
def test_points_are_the_charts_own(page: Page) -> None:
    name, content = saved(page, 0, "csv")
    assert name == "revenue-and-conversion-by-day.csv"
    assert content.decode("utf-8-sig").split("\r\n") == [
        "Day,Revenue ($),Conversion (%)", "2026-11-28,1200.5,", "2026-11-29,,2.4", "",
    ]  # fmt: skip
    _, content = saved(page, 1, "csv")
    assert content.decode("utf-8-sig").split("\r\n")[1:3] == ['"Jan, ""new""",12', "'=1+1,"], "nothing is reckoned"


@pytest.mark.e2e
def test_the_table_opens_by_key_and_follows_what_is_drawn(page: Page) -> None:
    button = page.locator("[data-points=table]")
    button.press("Enter")
    assert button.get_attribute("aria-expanded") == "true"
    shown = page.locator(".of-points tr").all_inner_texts()
    assert [one.split("\t") for one in shown] == [
        ["Day", "Revenue ($)", "Conversion (%)"], ["2026-11-28", "1,200.5", "–"], ["2026-11-29", "–", "2.4"],
    ]  # fmt: skip
    page.evaluate(
        "const p = document.querySelector('.js-plotly-plot'); p.data[1].y = [7, 8];p.handlers.forEach((run) => run())"
    )
    assert page.locator(".of-points tr").nth(2).inner_text().split("\t")[1] == "8"
    button.press("Enter")
    assert page.locator(".of-points").count() == 0
    assert button.get_attribute("aria-expanded") == "false"


@pytest.mark.e2e
def test_a_table_is_a_picture_too_and_a_plot_gives_its_own(page: Page) -> None:
    name, content = saved(page, 1, "png")
    assert name == "buyers-of-a-hundred.png"
    assert content.startswith(b"\x89PNG")
    page.evaluate("document.querySelector('.modebar-btn').onclick = () => (document.title = 'pressed')")
    page.locator("[data-points=png]").first.click()
    assert page.title() == "pressed"
