"""The pages behind the unsubscribe link: plain HTML, no script, readable on any phone."""

from __future__ import annotations

from html import escape

from fastapi.responses import HTMLResponse

from liquor_app.core.errors import AppError
from liquor_app.sending.unsubscribe import UnsubscribeView

POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

STYLE = """
:root{color-scheme:light dark;--ink:#21201c;--soft:#63635e;--line:#e9e8e6;--paper:#f9f9f8;--card:#fff;--act:#995a07;
--on:#fff}
@media(prefers-color-scheme:dark){:root{--ink:#eeeeec;--soft:#b5b3ad;--line:#3b3a37;--paper:#111110;--card:#191918;
--act:#ffca16;--on:#21201c}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:24px;background:var(--paper);color:var(--ink);
font:16px/1.55 Inter,system-ui,sans-serif}
main{width:100%;max-width:440px;background:var(--card);border:1px solid var(--line);border-radius:12px;padding:32px}
h1{font-size:22px;line-height:1.3;margin:0 0 12px}p{color:var(--soft);margin:0 0 16px}
small{display:block;color:var(--soft);margin-bottom:16px}
button{font-family:inherit;font-size:16px;font-weight:600;width:100%;padding:14px 20px;border:0;border-radius:8px;
background:var(--act);color:var(--on);cursor:pointer}
button.plain{background:none;color:var(--ink);border:1px solid var(--soft)}.aside{margin:8px 0 0}.after{margin:20px 0 0}
form{display:grid;gap:14px}fieldset{border:1px solid var(--line);border-radius:8px;padding:8px 14px;margin:0}
label{display:flex;gap:10px;align-items:center;padding:6px 0;font-weight:500}legend{color:var(--soft);padding:0 6px}
input[type=checkbox]{width:20px;height:20px;accent-color:var(--act)}
select,input[type=date]{font:inherit;padding:12px;border:1px solid var(--soft);border-radius:8px;background:var(--card);
color:inherit;width:100%}a{color:var(--act)}
label.barred{color:var(--soft)}label[for]{margin-bottom:-10px}fieldset small{margin:0 0 8px 30px}
a:focus-visible,button:focus-visible,select:focus-visible,input:focus-visible{outline:3px solid var(--act);
outline-offset:3px}
"""


def page(brand: str, title: str, body: str, status: int = 200) -> HTMLResponse:
    """A page of ours for recipients; `body` is HTML already escaped."""
    return HTMLResponse(
        "<!doctype html><html lang=en><meta charset=utf-8>"
        "<meta name=viewport content='width=device-width, initial-scale=1'><meta name=robots content=noindex>"
        f"<title>{escape(title)}</title><style>{STYLE}</style>"
        f"<main><small>{escape(brand)}</small><h1>{escape(title)}</h1>{body}</main></html>",
        status,
        headers={
            "Content-Security-Policy": POLICY,
            "Cache-Control": "no-store",
            "Referrer-Policy": "no-referrer",
            "X-Robots-Tag": "noindex",
        },
    )


def asking(view: UnsubscribeView, action: str) -> HTMLResponse:
    """One button, one click, nothing to type (CAN-SPAM, 16 CFR 316.5)."""
    kind = view.channel.lower()
    body = (
        f"<p>You will get no more offers from {escape(view.brand)} by {escape(kind)}, starting now.</p>"
        f"<form method=post action='{escape(action, quote=True)}'><button type=submit>Unsubscribe</button></form>"
    )
    return page(view.brand, f"No more offers by {kind}?", body)


def done(view: UnsubscribeView, *, again: str, preferences: str) -> HTMLResponse:
    """It is done, also if it was done before; a mistake is mended by posting to `again`."""
    body = (
        f"<p>We will not write to you by {escape(view.channel.lower())} any more. You may close this page.</p>"
        f"<form method=post action='{escape(again, quote=True)}'><p class=aside>Was that a mistake?</p>"
        "<button class=plain type=submit>Subscribe me again</button></form>"
        f"<p class=after><a href='{escape(preferences, quote=True)}'>Or choose what to get, and how often</a></p>"
    )
    return page(view.brand, "You are unsubscribed", body)


def back(view: UnsubscribeView, *, preferences: str) -> HTMLResponse:
    """Subscribed again, or never unsubscribed."""
    body = (
        f"<p>You will get offers from {escape(view.brand)} by {escape(view.channel.lower())} as before."
        " You can stop them in any message.</p>"
        f"<p><a href='{escape(preferences, quote=True)}'>Choose what to get, and how often</a></p>"
    )
    return page(view.brand, "You are subscribed again", body)


def failed(error: AppError) -> HTMLResponse:
    """What is wrong, in the recipient's words."""
    return page("", "That did not work", f"<p>{escape(error.message)}</p>", error.status)
