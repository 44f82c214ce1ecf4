"""`liquor cells …`: kinds of messages that are pinned or forbidden."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.accounts.permissions import SYSTEM
from liquor_app.actions.offering.cell_rules import RuleEffect
from liquor_app.commands.arguments import Json
from liquor_app.commands.kit import call, show, show_rows
from liquor_app.core.db import Session
from liquor_app.core.ids import parse_id

app = typer.Typer(no_args_is_help=True, help="Kinds of messages a marketer pinned or forbade.")


@app.command("list")
@needs(Permission.ANALYTICS_READ)
def list_command(as_json: Json = False) -> None:
    """The rules in force, the latest first."""
    from liquor_app.actions.offering.cell_rules import list_rules

    rows = call(lambda session: list_rules(session, SYSTEM))
    names = ("id", "effect", "segment", "offer", "channel", "due", "why", "author", "created_at")
    show_rows(rows, names, as_json, total=len(rows))


Segment = Annotated[str, typer.Argument(help="The segment's slug.")]
Offer = Annotated[str, typer.Argument(help="The offer, as the playbook names it.")]
By = Annotated[str, typer.Argument(help="email or sms.")]
Why = Annotated[str, typer.Option(help="Why; it stands with the rule and in every plan.")]
Due = Annotated[str, typer.Option(help="Only of those not_yet_due, due, overdue or no_rhythm.")]


@app.command("pin")
@needs(Permission.ANALYTICS_WRITE)
def pin_command(
    segment: Segment, offer: Offer, channel: By, *, reason: Why, due: Due = "", as_json: Json = False
) -> None:
    """Whom it suits gets this and nothing else of a campaign."""
    cell = {"segment": segment, "offer": offer, "channel": channel, "due": due, "reason": reason}
    _add(RuleEffect.PIN, cell, as_json)


@app.command("forbid")
@needs(Permission.ANALYTICS_WRITE)
def forbid_command(
    segment: Segment, offer: Offer, channel: By, *, reason: Why, due: Due = "", as_json: Json = False
) -> None:
    """Nobody of the segment gets it, by chance neither."""
    cell = {"segment": segment, "offer": offer, "channel": channel, "due": due, "reason": reason}
    _add(RuleEffect.FORBID, cell, as_json)


@app.command("undo")
@needs(Permission.ANALYTICS_WRITE)
def undo_command(rule: Annotated[str, typer.Argument(help="The rule's id.")], as_json: Json = False) -> None:
    """Take a rule back."""
    from liquor_app.actions.offering.cell_rules import undo_rule

    call(lambda session: undo_rule(session, SYSTEM, parse_id(rule, "rule")))
    show({"undone": rule}, as_json)


def _add(effect: RuleEffect, cell: dict[str, str], as_json: bool) -> None:
    from liquor_app.actions.offering.cell_rules import add_rule
    from liquor_app.experiments.rule_cost import rule_cost

    kind = {name: cell[name] for name in ("segment", "offer", "channel", "due")}

    async def work(session: Session) -> Any:
        cost = await rule_cost(session, SYSTEM, effect=effect, **kind)
        return cost, await add_rule(session, SYSTEM, effect=effect, **cell)

    cost, row = call(work)
    show({"id": row.id, "rule": row.words, "expected_loss": cost.words}, as_json)
