"""Tickets that open one WebSocket."""

from __future__ import annotations

from fastapi import APIRouter, Request

from liquor_app.accounts.entry.socket_tickets import TICKET_SECONDS, make_ticket
from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.api.schemas import Row
from liquor_app.rest.kit.authentication import CurrentActor, caller_standing

router = APIRouter(tags=["sockets"])


class TicketOut(Row):
    """Opens one WebSocket, once, as `?ticket=…`, within `expires_in` seconds."""

    ticket: str
    expires_in: int


@router.post("/socket-tickets", response_model=TicketOut)
@needs(Permission.TICKETS)
async def ask_for_ticket(request: Request, actor: CurrentActor) -> TicketOut:
    """A ticket for one WebSocket, for browsers, which can give it no header. What it opens may do what you may, and
    ends when the session or the key ends that asked for it."""
    return TicketOut(ticket=make_ticket(await caller_standing(request)), expires_in=TICKET_SECONDS)
