"""The question for the age in front of a text's links: two buttons, no script, and no way round for a no."""

from __future__ import annotations

from html import escape

from fastapi.responses import HTMLResponse

from liquor_app.rest.pages.unsubscribe_pages import page
from liquor_app.sending.tracking.age_gate import Gate


def age_gate_page(gate: Gate) -> HTMLResponse:
    """Return the question. A form that leads to the shop is a redirect to wherever the shop's own links lead: browsers
    hold every step of it against the policy, so that allows the whole web, and the page holds nothing but this form."""
    place = f" in {escape(gate.state)}" if gate.state else ""
    body = (
        f"<p>The next page is about wine, beer and spirits. {_brand(gate)} sells{place} to people of"
        f" {gate.minimum_age} or older, and to nobody else.</p>"
        "<form method=post><button type=submit name=answer value=yes>"
        f"Yes, I am {gate.minimum_age} or older</button>"
        "<button type=submit name=answer value=no class=quiet>No</button></form>"
        "<p class=after><small>We remember a yes in this browser for 30 days and keep nothing else of your answer."
        "</small></p>"
    )
    answer = page(gate.look, f"Are you {gate.minimum_age} or older?", body, forms="'self' https: http:")
    # our own form says where it was; another site's, which might answer for its visitor, says something else
    answer.headers["Referrer-Policy"] = "same-origin"
    return answer


def turned_away(gate: Gate) -> HTMLResponse:
    body = (
        f"<p role=status>We may only show this to people of {gate.minimum_age} or older. You may close this page.</p>"
    )
    return page(gate.look, "Then this is not for you", body)


def _brand(gate: Gate) -> str:
    return escape(gate.look.name) or "The shop"
