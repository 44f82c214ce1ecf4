"""Designs as they come out of other programs: what they say on a phone, in the dark, as text, and where they lead."""

from __future__ import annotations

import re

import pytest

from liquor_app.core.ids import uuid7
from liquor_app.organization.models import Channel
from liquor_app.sending.pipeline.stencil import Stencils
from liquor_app.sending.tracking.links import Tracker, read_link, track_message
from liquor_app.templates.rendering.render import Legal, TemplateSource, compile_template, render_message
from liquor_app.templates.rendering.text_part import html_to_text, unescape_attribute
from liquor_app.templates.template_lint import find_problems
from tests.sending.test_stencil import facts, legal, template

LEGAL = Legal("Brand", "1 Main St", "", "21 and over.", 21, "https://example.com/u")
ADDRESS = "https://shop.example/?id=1&region=ME&section=3&currency=USD&notify=1&copy=2"
BARE = f'<a href="{ADDRESS}">Here</a>'
CELL = "<mjml><mj-body><mj-section><mj-column>{}</mj-column></mj-section></mj-body></mjml>"
LINKS = {
    "mjml": CELL.format(f"<mj-text>{BARE}</mj-text>"),
    "html": f"<html><body>{BARE}</body></html>",
    "button": CELL.format(f'<mj-button href="{ADDRESS}">Here</mj-button>'),
    "escaped": f"<html><body>{BARE.replace('&', '&amp;')}</body></html>",
}


def test_case_29_a_design_keeps_its_media_queries() -> None:
    html = (
        "<html><head><style>@media only screen and (max-width:600px){.c{width:100%!important}}"
        " @media (prefers-color-scheme:dark){body{background:#000}} .c{width:600px}</style></head>"
        "<body><div class='c'>Hi {{ customer.first_name | default: 'there' }}</div></body></html>"
    )
    made = render_message(compile_template(TemplateSource(Channel.EMAIL, "Hi", html, None)), {}, LEGAL).html or ""
    kept = "".join(re.findall(r"<style>(.*?)</style>", made, re.DOTALL))
    assert "@media only screen and (max-width:600px)" in kept
    assert "prefers-color-scheme:dark" in kept
    assert 'style="width: 600px;"' in made, "and what can be inlined is"
    assert "Hi there" in made


@pytest.mark.parametrize("html", LINKS.values(), ids=LINKS)
def test_case_41_a_link_leads_where_it_led(html: str) -> None:
    """In both parts, one by one and by stencil: a browser reads `&region` in an address as text, and so do we."""
    source = TemplateSource(Channel.EMAIL, "Hi", html, None)
    made = render_message(compile_template(source), {}, LEGAL)
    assert ADDRESS in made.text
    tracked = track_message(made, Tracker(uuid7(), clicks=True, opens=False))
    links = [token.split("/c/")[1] for token in re.findall(r"https?://[^\s\"')]+/c/[^\s\"')]+", tracked.html or "")]
    assert [read_link(token).address for token in links if read_link(token).place == "link-1"] == [ADDRESS]
    tracker = Tracker(uuid7(), clicks=True, opens=False)
    letter = Stencils().render(template(html), facts(), legal(), tracker)
    for part in (letter.body.html, letter.body.text):  # type: ignore[union-attr]
        tokens = re.findall(r"/c/([A-Za-z0-9_.-]+)", str(part))
        assert ADDRESS in {read_link(token).address for token in tokens}


@pytest.mark.parametrize(
    ("raw", "meant"),
    [
        ("?a=1&amp;b=2", "?a=1&b=2"), ("?a=1&copy=2", "?a=1&copy=2"), ("?a=&copy;", "?a=©"), ("?q=&#38;x", "?q=&x"),
        ("?q=&#x26;x", "?q=&x"), ("?a&b", "?a&b"), ("&", "&"), ("?a=1&lt=3", "?a=1&lt=3"),
    ],
)  # fmt: skip
def test_an_attribute_is_read_as_browsers_read_it(raw: str, meant: str) -> None:
    assert unescape_attribute(raw) == meant


def test_case_31_cells_are_words_of_their_own() -> None:
    assert html_to_text("<tr><td>Merlot</td><td>$12.99</td></tr>") == "Merlot $12.99\n"
    table = "<table><tr><th>Wine</th><th>Price</th></tr><tr><td>Merlot</td><td><b>$12</b>.99</td></tr></table>After"
    assert html_to_text(table) == "Wine Price\n\nMerlot $12.99\n\nAfter\n"
    assert html_to_text("<h4>Head</h4>text<hr>more") == "Head\ntext\nmore\n"


@pytest.mark.parametrize(
    ("written", "ours"),
    [
        ("*|FNAME|*", "customer.first_name"), ("[[first_name]]", "customer.first_name"),
        ("%FIRSTNAME%", "customer.first_name"), ("{first_name}", "customer.first_name"),
        ("%recipient.first_name%", "customer.first_name"), ("*|LNAME|*", "customer.name"),
        ("[First Name]", "first_name"),
        ("%%CITY%%", "customer.city"), ("*|COUPON|*", "offer.code"), ("*|UNSUB|*", "The way out"),
        ("*|MERGE7|*", "list of variables"),
    ],
)  # fmt: skip
def test_case_30_fields_of_other_programs_are_told_with_ours(written: str, ours: str) -> None:
    html = f"<p>Hi\n{written},</p>"
    found = find_problems(TemplateSource(Channel.EMAIL, "Hi", html, None))
    assert [(problem.line, problem.is_warning) for problem in found] == [(2, True)]
    assert written in found[0].message
    assert ours in found[0].message


@pytest.mark.parametrize(
    "written",
    [
        "{{ customer.first_name | default: 'there' }}", "100% of it, 20% off", "a [link](x) [sic]", "{}", "{ a: b }",
        "<style>.a{color:red}</style>", "{% if offer.code %}{{ offer.code }}{% endif %}", "50%_off%", "f{x}",
    ],
)  # fmt: skip
def test_what_is_no_field_is_no_warning(written: str) -> None:
    assert find_problems(TemplateSource(Channel.EMAIL, "Hi", f"<p>{written}</p>", None)) == []


def test_a_guess_at_a_field_of_ones_own_is_told_its_name() -> None:
    found = find_problems(
        TemplateSource(Channel.EMAIL, "Hi", "<p>{{ customer.custom.grape | default: 'x' }}</p>", None)
    )
    assert [problem.message for problem in found] == [
        "There is no variable customer.custom.grape. A field of your own is custom.grape."
    ]
