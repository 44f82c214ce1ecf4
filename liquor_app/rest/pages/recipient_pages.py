"""The pages behind a message's links: plain HTML, no script, readable on any phone and by any reader."""

from __future__ import annotations

from html import escape

from fastapi.responses import HTMLResponse

from liquor_app.allocations.own_interests import OwnInterests
from liquor_app.organization.models import Channel
from liquor_app.rest.pages.unsubscribe_pages import PRIVATE, page
from liquor_app.sending.recipients.preferences import FREQUENCIES, Ask, Stored, Wishes
from liquor_app.sending.recipients.unsubscribe import BARRED

SANDBOXED = (
    "default-src 'none'; img-src https: http: data:; style-src 'unsafe-inline'; font-src https: data:;"
    " frame-ancestors 'none'; base-uri 'none'; form-action 'none';"
    " sandbox allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation"
)
"""A stored message may show pictures and lead away when somebody clicks; it may run, load and send nothing."""

OFTEN = {"": "As the shop sees fit", "4": "At most 4 in 30 days", "2": "At most 2 in 30 days",
         "1": "At most 1 in 30 days"}  # fmt: skip


def stored_page(message: Stored) -> HTMLResponse:
    """Return the message itself."""
    body = message.html or f"<pre style='white-space:pre-wrap;font:16px/1.5 sans-serif'>{escape(message.text)}</pre>"
    return HTMLResponse(
        body,
        headers={
            "Content-Security-Policy": SANDBOXED,
            **PRIVATE,
        },
    )


def _box(channel: Channel, *, on: bool) -> str:
    return (
        f"<label><input type=checkbox name=channels value={channel.value}{' checked' if on else ''}>"
        f" {escape(channel.label)}</label>"
    )


ELSEWHERE = {
    Channel.EMAIL: "To get e-mails again, use the link in one of our e-mails, or sign up again.",
    Channel.SMS: "To get texts again, answer START to one of our texts from your phone, or sign up again.",
}
"""Why a channel cannot be turned on from here."""


def _barred_box(channel: Channel, why: str) -> str:
    note = f"why-{channel.value}"
    return (
        f"<label class=barred><input type=checkbox name=channels value={channel.value} disabled"
        f" aria-describedby={note}> {escape(channel.label)}</label><small id={note}>{escape(why)}</small>"
    )


def preferences_page(wishes: Wishes, *, saved: bool = False, bottles: str = "") -> HTMLResponse:
    """Tell what to get, how often, or nothing for a while: one form, one button."""
    boxes = "".join(
        _barred_box(channel, BARRED if channel in wishes.barred else ELSEWHERE[channel])
        if channel in wishes.barred | wishes.elsewhere
        else _box(channel, on=on)
        for channel, on in wishes.channels.items()
    )
    topics = "".join(
        f"<label><input type=checkbox name=topics value='{escape(name, quote=True)}'{' checked' if on else ''}>"
        f" {escape(name)}<input type=hidden name=shown value='{escape(name, quote=True)}'></label>"
        for name, on in wishes.topics.items()
    )
    about = f"<fieldset><legend>About</legend>{topics}</fieldset>" if topics else ""
    chosen = "" if wishes.frequency is None else str(wishes.frequency)
    options = "".join(
        f"<option value='{value}'{' selected' if value == chosen else ''}>{OFTEN[value]}</option>"
        for value in FREQUENCIES
    )
    note = "<p role=status><b>Saved.</b> It holds from now on.</p>" if saved else ""
    body = (
        f"{note}<form method=post><fieldset><legend>Offers by</legend>{boxes}</fieldset>{about}"
        f"<label for=f>How often</label><select id=f name=frequency>{options}</select>"
        f"<label><input type=checkbox name=pause value=yes{' checked' if wishes.is_paused else ''}>"
        " Nothing for the next 30 days</label><button type=submit>Save</button></form>"
    )
    if bottles:
        body += f"<p><a href='{escape(bottles, quote=True)}'>Ask for a bottle there are few of</a></p>"
    return page(wishes.look, "What would you like to hear?", body)


def interests_page(told: OwnInterests, *, saved: bool = False) -> HTMLResponse:
    """Tick the bottles one asks for: one form, one button."""
    note = "<p role=status><b>Saved.</b> You are on the lists you ticked.</p>" if saved else ""
    boxes = "".join(
        f"<label><input type=checkbox name=wanted value='{one.product_id}'{' checked' if one.asked else ''}>"
        f" {escape(one.name)}</label>"
        for one in told.lists
    )
    body = (
        f"{note}<p>There are few of these. Everybody who asks is on the list, and numbers are drawn; one a person."
        " Asking costs nothing and binds you to nothing.</p><form method=post><fieldset><legend>I would like</legend>"
        f"{boxes}</fieldset><button type=submit>Save</button></form>"
    )
    nothing = f"{note}<p>No list is open at the moment.</p>"
    return page(told.look, "Bottles there are few of", body if boxes else nothing)


def age_page(ask: Ask, *, problem: str = "") -> HTMLResponse:
    """Return a full date of birth: a yes alone is no proof of age (CTIA)."""
    note = f"<p role=alert id=w><b>{escape(problem)}</b></p>" if problem else ""
    told = " aria-invalid=true aria-describedby=w" if problem else ""
    body = (
        f"{note}<p>We may only write to people of legal drinking age.</p><form method=post>"
        "<label for=b>Your date of birth</label>"
        f"<input id=b name=born type=date required autocomplete=bday min=1900-01-01{told}>"
        "<button type=submit>Confirm my age</button></form>"
    )
    return page(ask.look, "How old are you?", body, 422 if problem else 200)


def age_told(ask: Ask) -> HTMLResponse:
    if ask.is_of_age:
        return page(ask.look, "Thank you", "<p>Your age is confirmed. You may close this page.</p>")
    return page(ask.look, "Thank you", "<p>We are sorry: we may not send you offers. You will get none.</p>")


def confirm_page(ask: Ask) -> HTMLResponse:
    if ask.is_done:
        return page(ask.look, "You are signed up", "<p>Thank you. You may close this page.</p>")
    kind = escape(ask.channel.lower())
    body = (
        f"<p>You will get offers from {escape(ask.look.name)} by {kind}. You can stop them in any message.</p>"
        "<form method=post><button type=submit>Yes, sign me up</button></form>"
    )
    return page(ask.look, f"Offers by {kind}?", body)
