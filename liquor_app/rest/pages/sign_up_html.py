"""The sign-up page, what it answers, and the sheet for the counter: plain HTML, no script."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from fastapi.responses import HTMLResponse

from liquor_app.organization.brand_assets import imprint
from liquor_app.organization.models import Channel
from liquor_app.rest.pages.unsubscribe_pages import page
from liquor_app.sending.recipients.page_branding import Look, look_of
from liquor_app.sending.sign_up.confirm_sign_up import YesAsked
from liquor_app.sending.sign_up.qr_code import qr_svg
from liquor_app.sending.sign_up.sign_up import Typed
from liquor_app.sending.sign_up.sign_up_pages import OpenPage

HONEYPOT = "website"
"""A field nobody sees: who fills it in is a program."""
ORDER = ("first_name", "email", "want_email", "phone", "want_phone", "born", "postal_code")
"""Of the fields on the page: the first that is wrong is where typing goes on."""
SHEET = """<style>main{text-align:center;max-width:560px}main svg{width:min(100%,320px);height:auto;border-radius:8px}
p{overflow-wrap:anywhere}
.small{font-size:13px;text-align:left}@media print{body{padding:0;background:#fff;color:#000}main{border:0;padding:0}
p{color:#000}}</style>"""


def sign_up_page(
    asked: OpenPage, token: str, typed: Typed, problems: Mapping[str, str], *, note: str = ""
) -> HTMLResponse:
    """Return the form, with what was typed and what is wrong with it."""
    intro = escape(asked.wording.intro)
    told = note or ("Please mend what is marked." if problems else "")
    alert = f"<p role=alert class=wrong><b>{escape(told)}</b></p>" if told else ""
    fields = [
        _field("first_name", "First name", typed.first_name, problems, "autocomplete=given-name maxlength=60",
               optional=True),
        _field("email", "E-mail", typed.email, problems, "type=email autocomplete=email maxlength=254 inputmode=email"),
        _box(asked, Channel.EMAIL, typed, problems),
    ]  # fmt: skip
    if Channel.SMS in asked.channels:
        fields += [
            _field("phone", "Mobile phone", typed.phone, problems, "type=tel autocomplete=tel maxlength=30"),
            _box(asked, Channel.SMS, typed, problems),
        ]
    fields += [
        _field("born", "Date of birth", typed.born, problems,
               "type=date autocomplete=bday min=1900-01-01 max=9999-12-31 required",
               hint=f"You have to be {asked.minimum_age} or older."),
        _field("postal_code", "ZIP code", typed.postal_code, problems,
               "autocomplete=postal-code maxlength=10 inputmode=numeric", optional=True),
    ]  # fmt: skip
    trap = (
        f"<div class=away aria-hidden=true><label for={HONEYPOT}>Leave this empty</label>"
        f"<input id={HONEYPOT} name={HONEYPOT} tabindex=-1 autocomplete=off maxlength=200></div>"
    )
    body = (
        f"<p>{intro}</p>{alert}<form method=post action='{escape(asked.address, quote=True)}' novalidate>"
        f"<input type=hidden name=form value='{escape(token, quote=True)}'>{trap}{''.join(fields)}"
        f"<button type=submit>Sign me up</button></form><p class=after>We ask the address itself before anything is"
        f" sent. {_links(asked)}</p><p><small>{escape(imprint(asked.brand.name, asked.brand.postal_address))}. For"
        f" people of {asked.minimum_age} or older.</small></p>"
    )
    return _page(asked, asked.wording.headline, body, 422 if problems else 200)


def thanks_page(asked: OpenPage) -> HTMLResponse:
    """Return the same to everybody, whatever we know of the address."""
    body = (
        "<p role=status>We have asked the address whether it was you. <b>Open the e-mail and say yes, or answer YES to"
        " the text.</b> It may take a few minutes.</p><p>If nothing comes, the address may have been asked a moment"
        " ago, or may not be written to.</p>"
    )
    return _page(asked, "One more step", body)


def too_young_page(asked: OpenPage) -> HTMLResponse:
    body = (
        f"<p role=alert>We are sorry: only people of {asked.minimum_age} or older can sign up. We keep nothing of what"
        " you typed but a fingerprint of the address, for 30 days. The shop sends nothing to a customer of that address"
        " until their age is settled.</p>"
    )
    return _page(asked, "Not yet", body, 403)


def yes_page(asked: YesAsked) -> HTMLResponse:
    """Return one question, or that it was answered."""
    if asked.is_done:
        return page(asked.look, "You are signed up", "<p>Thank you. You may close this page.</p>")
    body = (
        f"<p>You will get e-mails from {escape(asked.look.name)}. You say that you are of legal drinking age and that"
        " what was typed is yours. You can stop them in every e-mail.</p>"
        "<form method=post><button type=submit>Yes, sign me up</button></form>"
    )
    return page(asked.look, "Offers by e-mail?", body)


def counter_sheet(asked: OpenPage) -> HTMLResponse:
    """Return the sheet to print: the code, where it leads, and what carriers want beside a call to sign up."""
    texts = ""
    if Channel.SMS in asked.channels:
        texts = f"<p class=small>For texts you are asked to agree to this: “{escape(asked.words(Channel.SMS))}”</p>"
    body = (
        f"{SHEET}<p>{escape(asked.wording.intro)}</p>{qr_svg(asked.address)}"
        f"<p><b>{escape(asked.address)}</b></p><p>Point your phone's camera at it. For people of {asked.minimum_age} or"
        f" older.</p>{texts}"
    )
    return page(_look(asked), asked.wording.headline, body)


def _page(asked: OpenPage, title: str, body: str, status: int = 200) -> HTMLResponse:
    answer = page(_look(asked), title, body, status, frames=asked.origins)
    # the form is only taken from this page itself: a browser that tells nobody where it was would not say so either
    answer.headers["Referrer-Policy"] = "same-origin"
    return answer


def _look(asked: OpenPage) -> Look:
    return look_of(asked.brand)


def _field(
    name: str, label: str, value: str, problems: Mapping[str, str], props: str, *,
    hint: str = "", optional: bool = False,
) -> str:  # fmt: skip
    wrong, about = problems.get(name, ""), []
    if wrong:
        about.append(f"{name}-wrong")
    if hint:
        about.append(f"{name}-hint")
    marks = f" aria-describedby='{' '.join(about)}'" if about else ""
    marks += " aria-invalid=true" if wrong else ""
    marks += " autofocus" if wrong and next(one for one in ORDER if one in problems) == name else ""
    return (
        f"<div class=field><label for={name}>{label}{' <small>(optional)</small>' if optional else ''}</label>"
        f"<input id={name} name={name} value='{escape(value, quote=True)}' {props}{marks}>"
        + (f"<small id={name}-hint>{escape(hint)}</small>" if hint else "")
        + (f"<p class=wrong id={name}-wrong>{escape(wrong)}</p>" if wrong else "")
        + "</div>"
    )


def _box(asked: OpenPage, channel: Channel, typed: Typed, problems: Mapping[str, str]) -> str:
    name = "want_email" if channel is Channel.EMAIL else "want_phone"
    wrong = problems.get(name, "")
    marks = f" aria-invalid=true aria-describedby={name}-wrong" if wrong else ""
    checked = " checked" if channel in typed.wants else ""
    return (
        f"<div><label class=box><input type=checkbox name={name} value=yes{checked}{marks}>"
        f"<span>{_with_links(asked.words(channel), asked)}</span></label>"
        + (f"<p class=wrong id={name}-wrong>{escape(wrong)}</p>" if wrong else "")
        + "</div>"
    )


def _with_links(words: str, asked: OpenPage) -> str:
    """Escape the words, and make links of the two addresses in them."""
    made = escape(words)
    for address in {asked.wording.terms_url, asked.wording.privacy_url} - {""}:
        shown = escape(address)
        made = made.replace(
            f": {shown}", f": <a href='{escape(address, quote=True)}' rel=noopener target=_blank>{shown}</a>"
        )
    return made


def _links(asked: OpenPage) -> str:
    pages = (("Terms", asked.wording.terms_url), ("Privacy", asked.wording.privacy_url))
    return " · ".join(
        f"<a href='{escape(address, quote=True)}' rel=noopener target=_blank>{name}</a>"
        for name, address in pages
        if address
    )
