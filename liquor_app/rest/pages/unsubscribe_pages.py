"""The pages behind the unsubscribe link, and the frame of all pages for recipients: plain HTML, no script, readable on
any phone."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from fastapi.responses import HTMLResponse

from liquor_app.core.errors import AppError, TooMany
from liquor_app.sending.recipients.page_branding import Look
from liquor_app.sending.recipients.unsubscribe import UnsubscribeView

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src {images}; form-action {forms}; frame-ancestors {frames};"
    " base-uri 'none'"
)
PRIVATE = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
    "X-Content-Type-Options": "nosniff",
}
"""Every page for recipients: kept nowhere, found by nobody, and telling no other site where somebody came from."""

STYLE = """
:root{color-scheme:light dark;--ink:#21201c;--soft:#63635e;--line:#e9e8e6;--paper:#f9f9f8;--card:#fff;--link:#995a07;
--bad:#c62a2f}
@media(prefers-color-scheme:dark){:root{--ink:#eeeeec;--soft:#b5b3ad;--line:#3b3a37;--paper:#111110;--card:#191918;
--link:#ffca16;--bad:#ff9592}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:24px;background:var(--paper);color:var(--ink);
font:16px/1.55 Inter,system-ui,sans-serif}
main{width:100%;max-width:440px;background:var(--card);border:1px solid var(--line);border-radius:12px;padding:32px}
h1{font-size:22px;line-height:1.3;margin:0 0 12px}p{color:var(--soft);margin:0 0 16px}
button{font-family:inherit;font-size:16px;font-weight:600;width:100%;padding:14px 20px;border:1px solid var(--soft);
border-radius:8px;background:var(--act);color:var(--on);cursor:pointer}
button.quiet{background:transparent;color:var(--ink)}
header{display:flex;align-items:center;gap:12px;margin-bottom:16px;color:var(--soft);font-size:14px}
header img{max-height:40px;max-width:160px}
form{display:grid;gap:14px}fieldset{border:1px solid var(--line);border-radius:8px;padding:8px 14px;margin:0}
label{display:flex;gap:10px;align-items:center;padding:6px 0;font-weight:500}legend{color:var(--soft);padding:0 6px}
input[type=checkbox]{width:20px;height:20px;accent-color:var(--link)}
select,input:not([type=checkbox]):not([type=hidden]){font:inherit;padding:12px;
border:1px solid var(--soft);border-radius:8px;background:var(--card);color:inherit;width:100%;min-width:0}
a{color:var(--link)}
label.box{align-items:flex-start;font-weight:400;font-size:14px;line-height:1.5;overflow-wrap:anywhere}
label.box input{flex:none;margin-top:1px}.field{display:grid;gap:2px}
.field small,.wrong{color:var(--soft);font-size:14px}
.field label{padding:2px 0}.wrong{color:var(--bad);margin:2px 0 0}[aria-invalid]{border-color:var(--bad)!important}
.away{position:absolute;left:-9999px;width:1px;height:1px;overflow:hidden}
label.barred{color:var(--soft)}fieldset small{display:block;color:var(--soft);margin:0 0 8px 30px}
.after{margin:20px 0 0}
a:focus-visible,button:focus-visible,select:focus-visible,input:focus-visible{
outline:3px solid var(--link);outline-offset:3px}
"""


def page(
    look: Look, title: str, body: str, status: int = 200, *, frames: Sequence[str] = (), forms: str = "'self'"
) -> HTMLResponse:
    """Return a page of ours for recipients in their brand's look; `body` is HTML already escaped. `frames` are the web
    sites that may show it inside theirs; otherwise nobody may. `forms` is where its form may lead."""
    colors = f":root{{--act:{look.color};--on:{look.on_color}}}"
    logo = f"<img src='{escape(look.logo_url, quote=True)}' alt=''>" if look.logo_url else ""
    return HTMLResponse(
        "<!doctype html><html lang=en><meta charset=utf-8>"
        "<meta name=viewport content='width=device-width, initial-scale=1'><meta name=robots content=noindex>"
        f"<title>{escape(title)}</title><style>{STYLE}{colors}</style>"
        f"<main><header>{logo}{escape(look.name)}</header><h1>{escape(title)}</h1>{body}</main></html>",
        status,
        headers={
            "Content-Security-Policy": POLICY.format(
                images=look.logo_origin or "'none'", frames=" ".join(frames) or "'none'", forms=forms
            ),
            **PRIVATE,
        },
    )


def asking(view: UnsubscribeView, action: str) -> HTMLResponse:
    """Return one button, one click, nothing to type (CAN-SPAM, 16 CFR 316.5)."""
    kind = view.channel.lower()
    body = (
        f"<p>You will get no more offers from {escape(view.brand)} by {escape(kind)}, starting now.</p>"
        f"<form method=post action='{escape(action, quote=True)}'><button type=submit>Unsubscribe</button></form>"
    )
    return page(view.look, f"No more offers by {kind}?", body)


def done(view: UnsubscribeView, *, undo: str, preferences: str) -> HTMLResponse:
    """It is done, also if it was done before; a mistake is taken back by `undo`, wishes are told at `preferences`."""
    body = f"<p>We will not write to you by {escape(view.channel.lower())} any more. You may close this page.</p>"
    if view.can_undo:
        body += (
            f"<form method=post action='{escape(undo, quote=True)}'>"
            "<button type=submit class=quiet>That was a mistake: sign me up again</button></form>"
            f"<p class=after><a href='{escape(preferences, quote=True)}'>I want less instead</a></p>"
        )
    return page(view.look, "You are unsubscribed", body)


def undone(view: UnsubscribeView, *, preferences: str) -> HTMLResponse:
    """They are back, as before."""
    body = (
        f"<p>You will get offers from {escape(view.brand)} by {escape(view.channel.lower())} as before.</p>"
        f"<p><a href='{escape(preferences, quote=True)}'>Choose what and how often</a></p>"
    )
    return page(view.look, "You are signed up again", body)


def failed(error: AppError) -> HTMLResponse:
    """Tell what is wrong, in the recipient's words."""
    answer = page(Look(), "That did not work", f"<p role=alert>{escape(error.message)}</p>", error.status)
    if isinstance(error, TooMany):
        answer.headers["Retry-After"] = str(error.retry_after)
    return answer
