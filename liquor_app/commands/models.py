"""`liquor backtest …` and `liquor models`: what the models say, held against what happened."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.table import Column, Table

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.accounts.permissions import SYSTEM
from liquor_app.commands.arguments import Json, parse_day
from liquor_app.commands.kit import call, out, show, show_rows
from liquor_app.ui.words import figure

app = typer.Typer()


@app.command()
@needs(Permission.ANALYTICS_READ)
def backtest(
    kind: Annotated[str, typer.Argument(help="churn, clv or response")],
    cutoff: Annotated[str, typer.Option(help="First day that counts as future, YYYY-MM-DD.")],
    horizon: Annotated[int, typer.Option(help="Days to look ahead.")] = 60,
    as_json: Json = False,
) -> None:
    """What a model would have said on a day of the past, beside simple counts."""
    from liquor_app.scoring.backtest import run_backtest

    day = parse_day(cutoff, "cutoff")
    row = call(lambda session: run_backtest(session, SYSTEM, kind, cutoff=day, horizon=horizon))
    document = row.as_document()
    if as_json:
        show(document, as_json)
        return
    judged = {row.method: document} | document["baselines"]
    every = ("auc", "brier", "ece", "lift_decile_1", "spearman", "gini", "deviance", "total", "mae")
    measures = [measure for measure in every if any(values[measure] is not None for values in judged.values())]
    table = Table(Column("", no_wrap=True, min_width=max(map(len, judged))), *measures, box=None, pad_edge=False)
    for name, values in judged.items():
        table.add_row(name, *(_figure(values[measure]) for measure in measures))
    out.print(f"[bold]{kind}[/], {document['n']:,} judged over {horizon} days from {cutoff}")
    out.print(table)
    for words in beside(document):
        out.print(words, highlight=False)
    if document["deciles"]:
        deciles = Table("tenth", "said", "seen", "judged", box=None, pad_edge=False)
        for place, one in enumerate(document["deciles"], start=1):
            deciles.add_row(str(place), _figure(one["said"]), _figure(one["seen"]), str(one["customers"]))
        out.print(deciles)
    if document["levels"]:
        levels = Table("campaign", "said", "from", "to", "seen", "contacts", box=None, pad_edge=False)
        for place, one in enumerate(document["levels"], start=1):
            figures = (_figure(one[name]) for name in ("said", "low", "high", "seen"))
            levels.add_row(str(place), *figures, str(one["contacts"]))
        out.print(levels)


def beside(document: dict[str, Any]) -> list[str]:
    """Return how it did beside the best count, and which groups of customers it was clearly off for; in sentences."""
    told = []
    for key in ("ahead_of_best_count", "nearer_than_nearest_count"):
        if (gap := document[key]) is not None:
            # a share of the count's deviance, less 1; a difference of the others
            which = "relative to" if gap["measure"] == "deviance" else "less"
            told.append(
                f"{gap['measure']} {which} that of {gap['count']}: {figure(gap['value'], 3, sign=True)}"
                f" (95% interval {figure(gap['low'], 3, sign=True)} to {figure(gap['high'], 3, sign=True)})"
            )
    off = [str(one["band"]) for one in document["bands"] if one["fails"]]
    if document["bands"]:
        told.append(f"bands clearly off: {', '.join(off) or 'none'}, of {len(document['bands'])}")
    return told


def _figure(value: Any) -> str:
    return "–" if value is None else f"{value:.3f}"


@app.command()
@needs(Permission.SEGMENTS_READ)
def suggest(as_json: Json = False) -> None:
    """Segments the base falls into by itself, as rules."""
    from liquor_app.segments.discovery import suggest_segments

    row = call(lambda session: suggest_segments(session, SYSTEM))
    if as_json:
        show(row, as_json)
        return
    for one in row.suggestions:
        out.print(f"[bold]{one.name}[/]  {one.description}\n  {one.sentence}", highlight=False)
    out.print(f"{row.looked_at:,} of {row.buyers:,} buyers, stability {row.stability:.2f}", style="dim")


@app.command("models")
@needs(Permission.ANALYTICS_READ)
def models_command(as_json: Json = False) -> None:
    """The models in use, with their own backtests."""
    from liquor_app.scoring.service import list_models

    rows = call(lambda session: list_models(session, SYSTEM))
    show_rows(rows, ("kind", "version", "method", "n", "created_at"), as_json)
