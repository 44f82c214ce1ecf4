"""Nothing is said of what nobody has filled in: no label without its value, no comma before nothing."""

from __future__ import annotations

import re
from dataclasses import replace

from liquor_app.organization.channel import Channel
from liquor_app.organization.service import BRAND_COLUMNS, BrandRow
from liquor_app.rest.pages.sign_up_html import counter_sheet, sign_up_page
from liquor_app.sending.events.sms_keywords import help_words, started_words, stopped_words
from liquor_app.sending.sign_up.consent_wording import Wording, box_words
from liquor_app.sending.sign_up.sign_up import Typed
from liquor_app.sending.sign_up.sign_up_message import asking_text, welcome_text
from liquor_app.sending.sign_up.sign_up_pages import OpenPage
from liquor_app.templates.rendering.render import (
    Legal,
    Notice,
    TemplateSource,
    compile_template,
    render_message,
    render_notice,
)
from liquor_app.templates.rendering.text_part import html_to_text

DANGLES = re.compile(
    r"\w+: *(?=$|\n|[.,·]|[A-Z][a-z]+: )|, *(?=$|\n|[.,·])|(?:^|\n) *[,·]|· *(?=$|\n)|\(\s*\)|“”", re.MULTILINE
)
"""A label, comma or dot with nothing behind it."""
BARE = Legal("Harbor", "", "", "", 21, "")
NOBODY: dict[str, object] = {"name": "Harbor", "primary_color": "#995a07"}


def _brand() -> BrandRow:
    """A brand of which nothing is known but its name."""
    fields = {name: NOBODY.get(name, "") for name in BRAND_COLUMNS}
    return BrandRow(**{**fields, "reply_to": None, "sms_sender": None, "logo_url": None, "licence_state": None})


def _said() -> dict[str, str]:
    brand, wording = _brand(), Wording()
    said = {"help": help_words(brand), "stop": stopped_words(brand), "start": started_words(brand)}
    for terms in ("", "https://shop.example.com/t"):
        for privacy in ("", "https://shop.example.com/p"):
            some = replace(wording, terms_url=terms, privacy_url=privacy)
            said |= {f"box {terms} {privacy} {channel}": box_words(channel, "Harbor", some) for channel in Channel}
    said |= {"asking": asking_text("Harbor", wording), "welcome": welcome_text(brand, wording)}
    page = OpenPage(brand, "harbor", (), wording, tuple(Channel), 21)
    for name, shown in {"form": sign_up_page(page, "t", Typed(), {}), "sheet": counter_sheet(page)}.items():
        said[name] = html_to_text(bytes(shown.body).decode())
    for html in ("<p>Come by</p>", "<mjml><mj-body><mj-section><mj-column><mj-text>Come by</mj-text></mj-column>"
                 "</mj-section></mj-body></mjml>"):  # fmt: skip
        made = render_message(compile_template(TemplateSource(Channel.EMAIL, "Hi", html, None)), {}, BARE)
        said |= {f"letter {len(html)}": html_to_text(made.html or ""), f"text part {len(html)}": made.text}
    notice = Notice("Title", "Words", "Button", "https://shop.example.com/y", "Why", "Sms")
    told = render_notice(Channel.EMAIL, notice, BARE)
    said |= {"notice": html_to_text(told.html or ""), "notice text": told.text}
    return said


def test_no_label_stands_without_its_value() -> None:
    said = _said()
    assert len(said) > 15
    assert {where: words for where, words in said.items() if not words.strip() or DANGLES.search(words)} == {}


def test_the_test_sees_what_dangles() -> None:
    for bad in ("Help. Terms: Privacy: https://x", "Privacy: ", "Harbor, . Offers", "Harbor, ", "· Unsubscribe"):
        assert DANGLES.search(bad), bad
