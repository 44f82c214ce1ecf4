"""The quick way of rendering gives what the slow one gives, whatever stands in template and customer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liquor_app.core.config import get_settings
from liquor_app.core.errors import Invalid
from liquor_app.core.ids import uuid7
from liquor_app.organization.models import Channel
from liquor_app.sending import stencil
from liquor_app.sending.stencil import LINKS, Stencils
from liquor_app.sending.tracking import Tracker, track_message
from liquor_app.templates.catalog import CurrentTemplate
from liquor_app.templates.defaults import default_templates
from liquor_app.templates.render import Legal, TemplateSource, render_message

BODY = "<p>Hello {{ customer.first_name | default: 'there' }}, {{ offer.text }}</p>"
SHIPPED = [
    CurrentTemplate(uuid7(), TemplateSource(one.channel, one.subject, one.html, one.text))
    for one in default_templates()
]


def template(html: str = BODY, subject: str = "For {{ customer.name | default: 'you' }}") -> CurrentTemplate:
    return CurrentTemplate(uuid7(), TemplateSource(Channel.EMAIL, subject, html, None))


def context(**customer: Any) -> dict[str, Any]:
    return {
        "customer": {name: value for name, value in customer.items() if value},
        "offer": {"text": "10% off", "name": "A", "discount": "10", "ends": "Sunday", "code": "KV7Q", "category": "b"},
        "message": "Come by & see.",
        "brand": {"name": "Harbor & Vine", "color": "#995a07", "address": "14 Wharf St"},
        "links": {"shop": "https://shop.example.com"},
    }  # fmt: skip


def legal(link: str = "https://x.example/u/abc-_1") -> Legal:
    wishes, view = link.replace("/u/", "/p/"), link.replace("/u/", "/m/")
    return Legal("Harbor & Vine", "14 Wharf St", "", "Must be 21 <or> older.", 21, link, wishes, view)


def both(stencils: Stencils, one: CurrentTemplate, values: dict[str, Any], lines: Legal) -> None:
    try:
        slow: object = render_message(one.compile(), values, lines)
    except Invalid as problem:
        with pytest.raises(type(problem)):
            stencils.render(one, values, lines)
        return
    assert stencils.render(one, values, lines) == slow


def all_three(stencils: Stencils, one: CurrentTemplate, values: dict[str, Any], lines: Legal) -> None:
    """Untracked, tracked, and tracked by halves: what wrapping after rendering gives."""
    try:
        slow = render_message(one.compile(), values, lines)
    except Invalid:
        both(stencils, one, values, lines)
        return
    assert stencils.render(one, values, lines) == slow
    for clicks, opens in ((True, True), (True, False), (False, True)):
        tracker = Tracker(SEND, clicks=clicks, opens=opens)
        assert stencils.render(one, values, lines, tracker) == track_message(slow, tracker)


SEND = uuid7()
STENCILS = Stencils()
NAME = st.one_of(st.none(), st.text(max_size=20), st.sampled_from(["O'Neil", "<b>&", "  two  ", "a\u2028b", "\ue000x"]))


LINK = st.one_of(
    st.just(""),
    st.from_regex(r"https://[a-z]{1,8}\.example/[upm]/[A-Za-z0-9_.-]{1,20}", fullmatch=True),
    st.from_regex(r"/[upm]/[A-Za-z0-9_.-]{1,20}", fullmatch=True).map(lambda path: get_settings().base_url + path),
    st.sampled_from(["https://x/?a=1&b=<2>'\"", "https://x/ y", "\ue000legal.view_url\ue001"]),
)


@given(one=st.sampled_from(SHIPPED), first=NAME, name=NAME, code=NAME, away=LINK, wishes=LINK, view=LINK)
def test_the_same_bytes(
    one: CurrentTemplate, first: str | None, name: str | None, code: str | None, away: str, wishes: str, view: str
) -> None:
    """Every shipped template, any name there is, any link, also those left out."""
    values = context(first_name=first, name=name, city=first, favourite=name)
    values["offer"] = {key: value for key, value in {**values["offer"], "code": code}.items() if value}
    all_three(STENCILS, one, values, replace(legal(), unsubscribe_url=away, preferences_url=wishes, view_url=view))


@pytest.mark.parametrize(
    "html",
    [
        "{{ customer.first_name | upcase }}",
        "{% if customer.city == 'Portland' %}Rain{% else %}Sun{% endif %} {{ customer.city }}",
        "{% capture who %}{{ customer.name }}{% endcapture %}{{ who | upcase }}",
        "{% assign who = customer %}{{ who.name | size }}",
        "{% assign customer = brand %}{{ customer.name }}",
        "{% for part in customer %}{{ part }}{% endfor %}",
        "{{ customer['first_name'] | downcase }} {{ customer.first_name }}",
        "{{ customer.name | truncate: 5 }}",
        "{{ legal.unsubscribe_url | size }}",
        "{{- customer.name -}} , {{ customer.nick_name | default: 'friend' }}",
        "{% if offer.code %}Code {{ offer.code }}.{% endif %}",
        "{{ customer.shoe_size }}",
        "{{ message }} {{ links.shop }}",
    ],
)
def test_whatever_an_author_writes(html: str) -> None:
    """Compared, filtered, captured, looped over or unknown: the same, or the same refusal."""
    stencils, one, own = Stencils(), template(html), legal(f"{get_settings().base_url}/u/abc-_1")
    for name in ("Jo", "Marguerite Okafor", None, "Jo"):
        all_three(stencils, one, context(first_name=name, name=name, city="Portland" if name else None), own)


@pytest.mark.parametrize(
    "html",
    [
        "<a href='https://shop.example.com/a?x=1&amp;y=2'>a</a> <A class=b HREF = \"HTTP://shop.example.com/b\">b</A>",
        "<a href='https://shop.example.com/?code={{ offer.code }}'>{{ customer.name | default: 'you' }}</a>",
        "<a href='https://shop.example.com/?who={{ customer.name }}'>a</a> (https://shop.example.com/a_(b)).",
        "<a href='{{ links.shop }}'>a</a><a href='{{ legal.view_url }}'>b</a><a href='mailto:a@example.com'>c</a>",
        "<a href='https://shop.example.com/?out={{ legal.unsubscribe_url }}'>a</a>",
        "{{ customer.name }}https://shop.example.com/{{ customer.first_name }}.",
        "<area shape=rect href=https://shop.example.com/map>https://... http://",
    ],
)
def test_whatever_an_author_links_to(html: str) -> None:
    """Quoted either way, with a code in it, with what is no shop's address; names that are addresses themselves."""
    stencils, one = Stencils(), template(html)
    for name in ("Jo", "Marguerite Okafor", None, "https://evil.example/", "Jo."):
        all_three(stencils, one, context(first_name=name, name=name), legal(f"{get_settings().base_url}/u/abc"))


def test_one_rendering_serves_all_who_differ_only_in_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which is what it is for."""
    rendered: list[None] = []
    real = stencil.render_message

    def counted(*arguments: Any) -> Any:
        rendered.append(None)
        return real(*arguments)

    monkeypatch.setattr(stencil, "render_message", counted)
    stencils, one = Stencils(), SHIPPED[0]
    assert one.source.channel is Channel.EMAIL
    for number in range(50):
        made = stencils.render(
            one,
            context(first_name=f"Jo{number}", name="Jo", favourite="beer"),
            legal(f"{get_settings().base_url}/u/{number}"),
            Tracker(uuid7(), clicks=True, opens=True) if number % 2 else None,
        )
        assert f'/u/{number}"' in (made.html or "")
        assert f"Jo{number}" in (made.html or "")
    assert len(rendered) == 1
    stencils.render(one, context(name="Jo", favourite="beer"), legal())
    assert len(rendered) == 2, "a name nobody knows is another sentence"


def test_a_long_subject_is_cut_as_ever() -> None:
    """The cut depends on the name."""
    one = template(subject="{{ customer.name }} " + "x" * 240)
    for name in ("Jo", "Marguerite Okafor", "J"):
        both(Stencils(), one, context(name=name), legal())
    assert LINKS[0] == "unsubscribe_url"
