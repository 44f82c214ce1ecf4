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
from liquor_app.organization.service import BrandRow
from liquor_app.providers.kit.message_bodies import Filled, Whole
from liquor_app.sending.pipeline import stencil
from liquor_app.sending.pipeline.stencil import FEW, LINKS, Facts, Stencils
from liquor_app.sending.tracking.links import Tracker, track_message
from liquor_app.templates.defaults import default_templates
from liquor_app.templates.rendering.render import Legal, TemplateSource, render_message
from liquor_app.templates.rendering.variables import OfferFacts, Recipient, build_context
from liquor_app.templates.template_catalog import CurrentTemplate

BODY = "<p>Hello {{ customer.first_name | default: 'there' }}, {{ offer.text }}</p>"
SHIPPED = [
    CurrentTemplate(uuid7(), TemplateSource(one.channel, one.subject, one.html, one.text))
    for one in default_templates()
]


def template(html: str = BODY, subject: str = "For {{ customer.name | default: 'you' }}") -> CurrentTemplate:
    return CurrentTemplate(uuid7(), TemplateSource(Channel.EMAIL, subject, html, None))


HOME = get_settings().base_url
BRAND = BrandRow(
    uuid7(), "Harbor & Vine", None, "", "band", "#995a07", "https://shop.example.com/?a=1&b=2", "Harbor & Vine",
    "offers@shop.example.com", None, None, "14 Wharf St", "", "America/New_York", "ME", True, True,
)  # fmt: skip
OFFER = OfferFacts(
    "10% off", "Come by & see.", {"name": "A", "discount_pct": "10", "category": "b", "expires_on": "2026-11-29"}
)


def facts(name: str | None = None, city: str | None = None, favourite: str | None = None, **offer: Any) -> Facts:
    return Facts(Recipient(name, city, favourite), replace(OFFER, **offer), BRAND)


def legal(link: str = f"{HOME}/u/abc-_1") -> Legal:
    wishes, view = link.replace("/u/", "/p/"), link.replace("/u/", "/m/")
    return Legal("Harbor & Vine", "14 Wharf St", "", "Must be 21 <or> older.", 21, link, wishes, view)


def plainly(
    one: CurrentTemplate, about: Facts, lines: Legal, tracker: Tracker | None
) -> tuple[str | None, str | None, str]:
    """The slow way."""
    made = render_message(one.compile(), build_context(about.person, about.offer, about.brand), lines)
    if tracker is not None and made.html is not None:
        made = track_message(made, tracker)
    return made.subject, made.html, made.text


def both(stencils: Stencils, one: CurrentTemplate, about: Facts, lines: Legal) -> None:
    """Untracked, tracked, and tracked by halves; kept in full, and as a stencil."""
    for tracker in (None, *(Tracker(SEND, clicks=c, opens=o) for c, o in ((True, True), (True, False), (False, True)))):
        try:
            slow = plainly(one, about, lines, tracker)
        except Invalid as problem:
            with pytest.raises(type(problem)):
                stencils.render(one, about, lines, tracker)
            continue
        for _ in range(FEW + 1):
            quick = stencils.render(one, about, lines, tracker)
            assert (quick.subject, quick.body.html, quick.body.text) == slow


SEND = uuid7()
STENCILS = Stencils()
NAME = st.one_of(st.none(), st.text(max_size=20), st.sampled_from(["O'Neil", "<b>&", "  two  ", "a\u2028b", "\ue000x"]))


LINK = st.one_of(
    st.just(""),
    st.from_regex(r"[upm]/[A-Za-z0-9_.-]{1,20}", fullmatch=True).map(lambda path: f"{HOME}/{path}"),
    st.sampled_from(["https://x/?a=1&b=<2>'\"", "https://x/ y", "\ue000legal.view_url\ue001", "https://x.example/u/1"]),
)


@given(one=st.sampled_from(SHIPPED), name=NAME, city=NAME, code=NAME, away=LINK, wishes=LINK, view=LINK)
def test_the_same_bytes(
    one: CurrentTemplate, name: str | None, city: str | None, code: str | None, away: str, wishes: str, view: str
) -> None:
    """Every shipped template, any name there is, any link, also those left out; tracked or not."""
    lines = replace(legal(), unsubscribe_url=away, preferences_url=wishes, view_url=view)
    both(STENCILS, one, facts(name, city, city, code=code), lines)


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
        '<a href="{{ links.shop }}">Shop</a> <a href="{{ links.shop }}">again</a>',
        '<a href="https://x.example/?c={{ offer.code }}&amp;n={{ customer.city }}">Yours</a>',
    ],
)
def test_whatever_an_author_writes(html: str) -> None:
    """Compared, filtered, captured, looped over or unknown: the same, or the same refusal."""
    stencils, one = Stencils(), template(html)
    for name in ("Jo", "Marguerite Okafor", None, "Jo"):
        both(stencils, one, facts(name, "Portland" if name else None), legal())


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
        both(stencils, one, facts(name), legal())


def test_one_rendering_serves_all_who_differ_only_in_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which is what it is for."""
    rendered: list[None] = []
    real = stencil.render_message

    def counted(*arguments: Any) -> Any:
        rendered.append(None)
        return real(*arguments)

    monkeypatch.setattr(stencil, "render_message", counted)
    stencils, one, tracker = Stencils(), SHIPPED[0], Tracker(SEND, clicks=True, opens=True)
    assert one.source.channel is Channel.EMAIL
    for number in range(50):
        made = stencils.render(one, facts(f"Jo{number} Li", favourite="beer"), legal(f"{HOME}/u/{number}"), tracker)
        assert isinstance(made.body, Whole if number < FEW else Filled)
        assert f"{HOME}/u/{number}" in (made.body.html or "")
        assert f"Jo{number}" in (made.body.html or "")
    assert len(rendered) == 1
    stencils.render(one, facts("J Li", favourite="beer"), legal(), tracker)
    assert len(rendered) == 2, "a name nobody knows is another sentence"


def test_a_stencil_has_the_same_name_everywhere() -> None:
    """Two workers keep it once."""

    def named(**offer: Any) -> object:
        stencils, tracker = Stencils(), Tracker(uuid7(), clicks=True, opens=True)
        made = [stencils.render(SHIPPED[0], facts("Jo Li", **offer), legal(), tracker) for _ in range(FEW + 1)]
        assert isinstance(made[-1].body, Filled)
        return made[-1].body.stencil.id

    assert named() == named()
    assert named() != named(text="20% off")


def test_a_long_subject_is_cut_as_ever() -> None:
    """The cut depends on the name."""
    one = template(subject="{{ customer.name }} " + "x" * 240)
    for name in ("Jo", "Marguerite Okafor", "J"):
        both(Stencils(), one, facts(name), legal())
    assert LINKS[0] == "unsubscribe_url"


DYNAMIC = (
    "{% assign a = 'cus' | append: 'tom' %}<p>{{ [a].grape }}</p>",
    "{% assign a = 'cus' %}{% assign b = a | append: 'tom' %}<p>{{ [b]['grape'] }}</p>",
    "{% assign a = 'CUSTOM' | downcase %}<p>{{ [a].grape }}</p>",
    "{% assign a = 'cus' | append: 'tomer' %}<p>{{ [a].name | upcase }}</p>",
    "{% assign a = 'cus' | append: 'tomer' %}<p>{{ [a].name | slice: 0, 3 }}</p>",
    "{% assign a = 'cus' | append: 'tomer' %}{% assign b = [a].name | size %}<p>{{ b }}</p>",
    "{% assign a = 'cus' | append: 'tomer' %}{% assign b = [a].city | default: 'no' %}{% if b == 'Bath' %}x{% endif %}",
    "{% assign a = 'of' | append: 'fer' %}<p>{{ [a].code | downcase }}</p>",
    "{% assign a = 'le' | append: 'gal' %}<p>{{ [a].unsubscribe_url | upcase }}</p>",
)


@pytest.mark.parametrize("html", DYNAMIC)
@pytest.mark.parametrize("is_seen", [True, False], ids=["told", "not told"])
def test_nobody_is_sent_what_is_anothers(html: str, is_seen: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the stencil does not see that a name is made up: then it is cut without anybody's fields, and thrown
    away where a mark was changed."""
    if not is_seen:
        personal = frozenset({*stencil.PERSONAL, *(f"legal.{name}" for name in LINKS)})
        monkeypatch.setattr(stencil, "_plain_paths", lambda *_: personal)
    one, stencils = template(html), Stencils()
    people = (("Ann Lee", "Riesling", "CODE-1"), ("Bartholomew", "Merlot", "CODE-2"), ("Cy", "Malbec", "CODE-3"))
    for name, grape, code in people:
        about = facts(name, "Bath", None, code=code)
        about = replace(about, person=replace(about.person, custom={"grape": grape}))
        lines = replace(legal(), unsubscribe_url=legal().unsubscribe_url + name[:1])
        made = stencils.render(one, about, lines)
        if is_seen:
            assert (made.subject, made.body.html, made.body.text) == plainly(one, about, lines, None)
        told = f"{made.subject}{made.body.html}{made.body.text}"
        assert not [mark for mark in "\ue000\ue001" if mark in told]
        for other in people:
            assert other[0] == name or not [own for own in other if own in told]
