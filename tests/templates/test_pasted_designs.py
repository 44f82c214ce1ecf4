"""Designs as they come out of other programs: what they say on a phone, in the dark, as text, and where they lead."""

from __future__ import annotations

import re
from time import process_time

import pytest

from liquor_app.core.ids import uuid7
from liquor_app.organization.models import Channel
from liquor_app.sending.pipeline.stencil import Stencils
from liquor_app.sending.tracking.links import Tracker, read_link, track_message
from liquor_app.templates.rendering.pasted_styles import split_styles
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


def _pasted(styles: str, body: str = "<div class='c'><p>x</p><a href='https://shop.example/'>y</a></div>") -> str:
    html = f"<html><head>{styles}</head><body class='body'>{body}</body></html>"
    return render_message(compile_template(TemplateSource(Channel.EMAIL, "Hi", html, None)), {}, LEGAL).html or ""


def _kept(html: str) -> str:
    return re.sub(r"\s+", "", "".join(re.findall(r"<style>(.*?)</style>", html, re.DOTALL)))


@pytest.mark.parametrize(
    ("css", "kept"),
    [
        (".c{width:600px} @media(max-width:600px){.c{width:100px}}",
         "@media(max-width:600px){.c{width:100px!important}}"),
        ("@supports (a:b){@media(x){.c{top:1px;left:0!important}}}",
         "@supports(a:b){@media(x){.c{top:1px!important;left:0!important}}}"),
        ("@font-face{font-family:X;src:url(x)}", "@font-face{font-family:X;src:url(x)}"),
        ("@keyframes k{from{opacity:0}}", "@keyframesk{from{opacity:0}}"),
        ("@import 'https://x.example/a;b.css'; .c{top:0}", "@import'https://x.example/a;b.css';"),
        ("a:hover{color:red}", "a:hover{color:red!important}"),
        ("[data-ogsc] .c{color:#fff}", "[data-ogsc].c{color:#fff!important}"),
        ("u + .body .c{color:#111}", "u+.body.c{color:#111!important}"),
        (":root{color-scheme:light dark}", ":root{color-scheme:lightdark!important}"),
        (".c::before{content:'};{'}", ".c::before{content:'};{'!important}"),
        (".c, a:hover{color:#0f0}", "a:hover{color:#0f0!important}"),
        ("/* a:hover{color:red} */ .page-only{color:red} .c{top:0}", ""),
        ("{% if offer.code %}.c{top:0}{% endif %} .c{left:0}", ".c{left:0!important}"),
        (".c{top:0} @media(x){.c{top:1px", "@media(x){.c{top:1px!important}}"),
    ],
)  # fmt: skip
def test_a_rule_only_the_reader_decides_is_kept_and_wins(css: str, kept: str) -> None:
    """Before: `@media` lost to the `style=` beside it, and what could not be inlined was thrown away."""
    assert _kept(_pasted(f"<style>{css}</style>")) == kept


@pytest.mark.parametrize(
    ("css", "kept"),
    [
        ("p{top:1px} .s{top:2px} @media(x){p{top:3px}}", "@media(x){.s{top:2px!important}p{top:3px!important}}"),
        ("@media(x){p{top:3px}} p{top:1px}", "@media(x){p{top:3px!important}p{top:1px!important}}"),
        (".s{top:2px} @media(x){p{left:0} .s{top:3px}}", "@media(x){p{left:0!important}.s{top:3px!important}}"),
        (".s{top:2px} @media(x){p{top:0!important}}", "@media(x){p{top:0!important}}"),
        ("#n{top:2px} @media(x){p{top:0}}", "@media(x){p{top:0!important}}"),  # of another element
        ("#i{padding:2px} @media(x){@supports(a:b){.s{padding-left:0}}}",
         "@media(x){#i{padding:2px!important}@supports(a:b){.s{padding-left:0!important}}}"),
    ],
)  # fmt: skip
def test_who_outranks_a_kept_rule_still_does(css: str, kept: str) -> None:
    """Else the small print would grow with the other paragraphs on a phone."""
    body = "<p>a</p><p class='s' id='i'>b</p><div id='n'>c</div>"
    assert _kept(_pasted(f"<style>{css}</style>", body)) == kept


@pytest.mark.parametrize(
    ("css", "styled"),
    [
        (".c{width:600px!important} @media(max-width:600px){.c{width:100%!important}}", "width: 600px;"),
        (".c{color:red!important;top:0!important} [data-ogsc] .c{color:#fff!important}", "color: red; top: 0"),
        ("div{color:red!important} .c:hover{color:#fff!important}", "color: red;"),
        (".c{top:1px!important} .c{top:0} u + .body .c{top:2px!important}", "top: 1px;"),
        ("</style><style>.c{top:1px!important}</style><style media='print'>div{top:2px!important}", "top: 1px;"),
        (".c{top:1px!important} @media(x){.c{top:2px}}", "top: 1px !important;"),
        (".c{top:1px!important} @media(x){p{top:2px!important}}", "top: 1px !important;"),
        (".c{left:1px} @media(x){.c{left:2px!important}}", "left: 1px;"),
        (".c{top:1px!important} @media(x){.c:is(.c, div), .a{b{:is(.c{top:2px!important}}}", "top: 1px !important;"),
        ("div{top:1px!important} @media(x){.sm\\:c{x:0!important} .c{top:2px!important}}", "top: 1px;"),
    ],
)  # fmt: skip
def test_what_a_kept_rule_changes_is_not_important_in_the_style(css: str, styled: str) -> None:
    """Before: a base rule with `!important`, as designs have it, won over the phone's for ever."""
    found = re.search(r'<div class="c" style="([^"]*)">', _pasted(f"<style>{css}</style>"))
    assert found is not None
    assert styled.replace(" ", "") in found[1].replace(" ", "")
    assert ("!important" in found[1].partition(";")[0]) is ("!important" in styled)
    assert "--" not in found[1]


def test_who_outranks_a_kept_rule_still_does_when_both_are_important() -> None:
    kept = _kept(_pasted("<style>.c{top:1px!important} @media(x){div{top:2px!important}}</style>"))
    assert kept == "@media(x){.c{top:1px!important}div{top:2px!important}}"
    own = _pasted(
        "<style>@media(x){.c{top:2px!important}}</style>", "<div class='c' style='top:1px !important;left:0'>x</div>"
    )
    assert re.search(r'style="top: ?1px ?!important; ?left: ?0;?"', own), "what the author wrote there stays"


def test_rules_said_again_do_not_multiply() -> None:
    kept = _kept(_pasted(f"<style>{'@media x{.c{top:0}} .c{top:1px} ' * 150}</style>"))
    assert len(kept) < 150 * 80


@pytest.mark.parametrize(
    ("media", "kept"),
    [
        ("print", "@mediaprint{p{display:none!important}}"),
        ("only screen and (max-width:480px)", "@mediaonlyscreenand(max-width:480px){p{display:none!important}}"),
        ("screen, print", ""), ("all", ""), ("SCREEN", ""),
    ],
)  # fmt: skip
def test_a_style_element_keeps_its_condition(media: str, kept: str) -> None:
    """Before: what was meant for paper was written onto every paragraph, and nobody saw the letter."""
    html = _pasted(f"<style type='text/css' media='{media}'>p{{display:none}}</style>")
    assert _kept(html) == kept
    assert ('<p style="display: none;">' in html) is not bool(kept)


def test_what_can_be_inlined_still_is_and_outlook_keeps_its_comment() -> None:
    mso = "<!--[if mso]><style media='print'>.c{top:9px}</style><![endif]-->"
    html = _pasted(f"{mso}<style>.c, a:hover{{color:#0f0}}</style ><title>İstanbul</title><style>p{{left:0}}</style>")
    assert '<div class="c" style="color: #0f0;">' in html
    assert '<p style="left: 0;">' in html
    assert mso in html


@pytest.mark.parametrize(
    "css",
    [
        ":root *{display:none!important}", "[style]{font-size:0!important;opacity:0!important}",
        "@media all{div,td,table,a{display:none!important}}", "a, div{visibility:hidden;color:#fff!important}",
    ],
)  # fmt: skip
@pytest.mark.parametrize("is_mjml", [False, True])
def test_no_style_hides_what_the_law_wants(css: str, is_mjml: bool) -> None:
    """In a browser `style="…!important"` wins over every sheet."""
    mjml = f"<mjml><mj-head><mj-style>{css}</mj-style></mj-head><mj-body></mj-body></mjml>"
    inlined = mjml.replace("<mj-style>", '<mj-style inline="inline">')
    for html in [mjml, inlined] if is_mjml else [f"<style>{css}</style><body>x</body>"]:
        legal = Legal("Brand", "1 Main St", "", "21 and over.", 21, "https://example.com/u", disclosure="Terms.")
        made = render_message(compile_template(TemplateSource(Channel.EMAIL, "Hi", html, None)), {}, legal).html or ""
        for words in ("Terms.", "1 Main St", "Unsubscribe"):
            style = re.findall(r'<(?:div|a)\b[^>]*style="([^"]*)"[^>]*>', made[: made.index(words)])[-1]
            told = dict(one.split(":", 1) for one in re.sub(r"\s", "", style).strip(";").split(";"))
            assert told["display"] in {"block!important", "inline!important"}
            assert (told["visibility"], told["opacity"]) == ("visible!important", "1!important")
            assert told["font-size"] in {"16px!important", "12px!important"}
            assert told["color"] in {"#21201c!important", "#63635e!important"}


@pytest.mark.parametrize("bit", ['\\"', "/*", "{", "@media x{", "'", "<style ", "media ", "(", "a,", "<!--"])
def test_no_sheet_takes_long(bit: str) -> None:
    """In one pass, whatever is never closed; compared without the inliner, which has the sandbox's limits."""
    page = f"<style>{bit * (40_000 // len(bit))}</style><style {bit * (20_000 // len(bit))}"
    began = process_time()
    split_styles(page, str)
    assert process_time() - began < 1


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


_BLOCKS = (
    "center header footer main section article aside nav address figcaption button fieldset legend dt dd caption pre"
    " summary li h2 mj-navbar-link"
)


@pytest.mark.parametrize("tag", _BLOCKS.split())
def test_case_31_blocks_are_words_of_their_own(tag: str) -> None:
    assert html_to_text(f"<{tag}>Merlot</{tag}><{tag}>$12</{tag}>more").split() == ["Merlot", "$12", "more"]


def test_case_31_what_is_set_by_hand_keeps_its_lines() -> None:
    assert html_to_text("<pre>Mon  9-5\nTue\t9-6</pre><p>a\nb</p></pre>c\nd") == "Mon 9-5\nTue 9-6\n\na b\n\nc d\n"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ('<mj-image src="a.png" href="https://x.example/?a=1&copy=2" alt="The\n shop" />',
         "The shop (https://x.example/?a=1&copy=2)"),
        ('<mj-image src="a.png" href="{{ offer.link }}" alt="{{ offer.name }}"></mj-image>',
         "{{ offer.name }} ({{ offer.link }})"),
        ('<a href="https://x.example/"><img src="a.png" alt="Tom &amp; Co"></a>', "Tom & Co (https://x.example/)"),
        ('<a href="https://x.example/"><img src="a.png"></a>', "(https://x.example/)"),
        ('<img src="a.png" alt="A line"><mj-image src="b.png" alt="another" />', ""),
        ('<mj-social-element name="web" href="https://x.example/">Web</mj-social-element>', "Web (https://x.example/)"),
    ],
)  # fmt: skip
def test_a_picture_that_leads_somewhere_says_what_it_shows(source: str, said: str) -> None:
    """Before: a design of pictures had a text part without a word or a link."""
    assert html_to_text(source) == f"{said}\n"


@pytest.mark.parametrize(
    ("written", "ours"),
    [
        ("*|FNAME|*", "customer.first_name"), ("[[first_name]]", "customer.first_name"),
        ("%FIRSTNAME%", "customer.first_name"), ("{first_name}", "customer.first_name"),
        ("%recipient.first_name%", "customer.first_name"), ("*|LNAME|*", "customer.name"),
        ("[First Name]", "first_name"),
        ("%%CITY%%", "customer.city"), ("*|COUPON|*", "offer.code"), ("*|UNSUB|*", "The way out"),
        ("*|MERGE7|*", "list of variables"), ("{!Contact.FirstName}", "customer.first_name"),
        ("${first_name}", "customer.first_name"), ("[FNAME]", "customer.first_name"), ("[unsubscribe]", "The way out"),
        ("&lt;&lt;First Name&gt;&gt;", "customer.first_name"), ("<<First Name>>", "customer.first_name"),
        ("#FNAME#", "customer.first_name"), ("$FNAME$", "customer.first_name"), ("-FIRST_NAME-", "customer.first_name"),
        ("%%first_name%%", "customer.first_name"), ("*|LIST:COMPANY|*", "brand.name"),
        ("##EMAIL##", "list of variables"),
        ("[[Contact.FirstName]]", "customer.first_name"), ("{!$User.Name}", "list of variables"),
        ("%%emailaddr%%", "list of variables"), ("[contact:city]", "customer.city"), ("%ADDRESS%", "list of variables"),
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
        "https://shop.example/caf%C3%A9", '<a href="https://shop.example/caf%C3%A9?x=%E2%80%99y%20z&n=%C3%A9t%C3%A9">x</a>',
        "$20 to $30", "$5$", "#1 seller #2", "#wine #sale", "#wine#", "10-20-30", "10%OFF%",
        "open 9 - name - 5", "&#39;",
        "<a href='/brand-name-shop#name'>x</a>", "wine [750 ml] [new]", "&lt;&lt;Shop now&gt;&gt;",
        "Caf\u00e9 \u00abBistro\u00bb",
        "Tom [name of the wine: Alder]", "<td style='width:100%;height:50%'>a</td>", "our first-name-basis-shop", "*|*",
    ],
)  # fmt: skip
def test_what_is_no_field_is_no_warning(written: str) -> None:
    found = find_problems(TemplateSource(Channel.EMAIL, "Hi", f"<p>{written}</p>", None))
    assert [one.message for one in found if "the offer decides what is off" not in one.message] == []


def test_a_guess_at_a_field_of_ones_own_is_told_its_name() -> None:
    found = find_problems(
        TemplateSource(Channel.EMAIL, "Hi", "<p>{{ customer.custom.grape | default: 'x' }}</p>", None)
    )
    assert [problem.message for problem in found] == [
        "There is no variable customer.custom.grape. A field of your own is custom.grape."
    ]
