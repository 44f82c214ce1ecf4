"""docs/imports.md has a row for each tool's export: what becomes of its rows, and its sum beside what is made of it.

Every row is worked out here from the file itself; `LIQUOR_TABLE=1` writes the page anew.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from liquor_app.accounts.permissions import SYSTEM
from liquor_app.core.config import PROJECT_ROOT
from liquor_app.core.db import transaction
from liquor_app.core.errors import Invalid
from liquor_app.imports.dry_run import try_file
from liquor_app.ui.words import NONE, show_money
from tests.imports.test_import import run
from tests.imports.test_import_cases import write

pytestmark = pytest.mark.integration
FILES = Path(__file__).parent / "files"
PAGE = PROJECT_ROOT / "docs" / "imports.md"
HEAD = """| tool | file | what | clicks | rows | taken whole | warned | refused | its own sum | made of it |
|---|---|---|---|---|---|---|---|---|---|"""
NOBODY = ""
WOO = "email,name\nvera.stone@example.com,Vera\nbo@example.com,Bo\ncy@example.com,Cy\ndi@example.com,Di"
UCI = "customer id,name\n17850,Ann\n12583,Bo"
TOOLS = (
    ("Shopify", "01_shopify_customers", "customers", NOBODY),
    ("Shopify", "02_shopify_orders", "purchases", "01_shopify_customers"),
    ("Shopify", "23_shopify_products", "products", NOBODY),
    ("Square", "03_square_customers", "customers", NOBODY),
    ("Square", "03_square_items", "purchases", "03_square_customers"),
    ("Square", "03_square_transactions", "purchases", "03_square_customers"),
    ("Klaviyo", "04_klaviyo_profiles", "customers", NOBODY),
    ("Mailchimp", "05_mailchimp_subscribed", "customers", NOBODY),
    ("Mailchimp", "05_mailchimp_unsubscribed", "customers", NOBODY),
    ("Lightspeed X", "06_lightspeed_x_customers", "customers", NOBODY),
    ("Lightspeed X", "06_lightspeed_x_sales", "purchases", "06_lightspeed_x_customers"),
    ("Lightspeed R", "21_lightspeed_r_customers", "customers", NOBODY),
    ("Lightspeed R", "21_lightspeed_r_sales", "purchases", "21_lightspeed_r_customers"),
    ("Lightspeed R", "21_lightspeed_r_items", "products", NOBODY),
    ("Lightspeed R", "21_lightspeed_r_inventory", "products", NOBODY),
    ("Clover", "07_clover_customers", "customers", NOBODY),
    ("Clover", "07_clover_line_items", "purchases", "07_clover_customers"),
    ("WooCommerce", "08_woo_customers", "customers", NOBODY),
    ("WooCommerce", "08_woo_orders", "purchases", "08_woo_customers"),
    ("WooCommerce", "08_woo_order_lines", "purchases", "08_woo_customers"),
    ("WooCommerce", "22_woo_orders_packed", "purchases", "08_woo_customers"),
    ("WooCommerce (Advanced Order Export)", "24_woo_advanced_orders", "purchases", WOO),
    ("WineSense", "09_winesense_customers", "customers", NOBODY),
    ("WineSense", "09_winesense_sales", "purchases", "09_winesense_customers"),
    ("UCI Online Retail", "09_uci_online_retail", "purchases", UCI),
    ("dunnhumby", "09_dunnhumby_transaction_data", "purchases", NOBODY),
    ("Toast", "09_toast_items", "purchases", NOBODY),
    ("City Hive", "20_city_hive_inventory", "products", NOBODY),
    ("Bottlecapps", "20_bottlecapps_inventory", "products", NOBODY),
)
"""Tool, its file, what it is of, and who is known beforehand: a file of theirs, or lines."""
CHOSEN = {"09_uci_online_retail": {"date_order": "dmy"}}
"""What the page asks first, because the file does not tell."""


async def row_of(tool: str, name: str, kind: str, known: str, tmp_path: Path) -> str:
    """Work out a file's row of the table."""
    if known:
        file = FILES / f"{known}.csv"
        await run(file if file.exists() else write(tmp_path / "known.csv", *known.split("\n")))
    path = FILES / f"{name}.csv"
    cells = [tool, f"`{name}.csv`", kind]
    try:
        async with transaction() as session:
            options = CHOSEN.get(name, {})
            trial = await try_file(session, SYSTEM, kind=kind, path=path, options=options, limit=1000, watch=True)
    except Invalid as refused:
        return _line([*cells, NONE, NONE, NONE, NONE, NONE, NONE, f"refused: {refused.message}"])
    report = trial.report
    warned = sum(one.outcome != "rejected" and bool(one.reason) for one in trial.shown)
    own, made = trial.totals.money, trial.totals.money_made
    sums = [NONE, NONE] if kind != "purchases" else [show_money(own, cents=True), show_money(made, cents=True)]
    counts = [report.rows, report.rows - report.rejected - warned, warned, report.rejected]
    return _line([*cells, str(1 + len(options)), *map(str, counts), *sums])


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


@pytest.mark.parametrize(("tool", "name", "kind", "known"), TOOLS, ids=[name for _, name, _, _ in TOOLS])
async def test_the_table_is_true(database: str, tmp_path: Path, tool: str, name: str, kind: str, known: str) -> None:
    row = await row_of(tool, name, kind, known, tmp_path)
    if os.environ.get("LIQUOR_TABLE"):
        page = PAGE.read_text()
        kept = [line for line in page.splitlines() if f"`{name}.csv` | {kind}" not in line]
        place = kept.index(HEAD.splitlines()[1]) + 1
        rows = sorted([*(line for line in kept[place:] if line.startswith("| ")), row], key=_order)
        rest = [line for line in kept[place:] if not line.startswith("| ")]
        PAGE.write_text("\n".join([*kept[:place], *rows, *rest]) + "\n")
    assert row in PAGE.read_text().splitlines()


def _order(line: str) -> int:
    return next(place for place, one in enumerate(TOOLS) if f"`{one[1]}.csv`" in line)
