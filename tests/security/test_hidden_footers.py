"""What an author writes to keep the way out, the address and the notice from being seen. Read again by another parser
of HTML 5 (the inliner's): the footer is the last child of a body that is shown, and of nothing else."""

from __future__ import annotations

from contextlib import suppress
from html.parser import HTMLParser
from time import process_time

import css_inline
import pytest

from liquor_app.organization.channel import Channel
from liquor_app.templates.rendering.letter_frame import SHOWN
from liquor_app.templates.rendering.render import Legal, TemplateSource, compile_template, render_message
from liquor_app.templates.rendering.render_limits import Misshapen
from liquor_app.templates.rendering.unclosed_markup import Unclosed, closing_of

LEGAL = Legal("Brand", "1 Main St", "", "21 and over.", 21, "https://example.com/u", disclosure="Terms.")
DESIGNS = [
    # there, and nobody sees it
    "<style>body{display:none}</style><body>x</body>", "<style>*{display:none!important}</style><body>x</body>",
    "<style>@media all{html,body{opacity:0!important;transform:scale(0)}}</style><body>x</body>",
    "<html style='display:none'><body>x</body></html>", "<body hidden style='display:none!important'>x</body>",
    "<body style='color:red;/*'>x</body>", "<body style=\"font-family:'\">x</body>", "<body style='background:url(x'>x",
    "{% if true %}<body style='display:none'>{% endif %}<body>x</body>", "<BODY>x<div style='display:none'></BODY>",
    "<body>x<div style='display:none'></body>", "<body>x<div hidden></body>", "<body>x<details></body>",
    "<mjml><mj-head><mj-style>body{display:none!important}</mj-style></mj-head><mj-body></mj-body></mjml>",
    # not there at all
    "<html><body>x</body></html><!-- </body> -->", "<body>x{% comment %}</body>{% endcomment %}",
    "<body>x{% if false %}</body>{% endif %}", "<body>x<title></body>",
    "<body>x<style></body>", "<body>x<script></body>",
    "<body>x<iframe></body>", "<body>x<xmp></body>", "<body>x<noscript></body>", "<body>x<template></body>",
    "<body>x<svg><desc></body>", "<body>x<plaintext></body>", "<frameset></body>", "<math><mtext>",
    "<mjml><mj-body></mj-body></mjml><!-- </mj-body> -->", "<body>x{% raw %}</body>{% endraw %}",
    # only once Liquid has chosen
    "<body>x{% if true %}<div style='display:none'>{% endif %}y{% if false %}</div>{% endif %}</body>",
    "<body>x{{ '<b style=display:none>' }}</body>", "<body><div>{{ '<b style=display:none>' }}</div></body>",
    "<body>{{ '<div style=display:none><table><tr><td></div>' }}</body>",
    "<body>{{ '<table style=display:none>' }}</body>",
    "<body>{{ \"<p '><div style=display:none>\" }}</body>", "<body>{{ '<!--><div style=display:none>' }}</body>",
    "<body>{{ '<table><caption style=display:none>' }}</body>",
    "<body>{{ '<ul><li style=display:none>' | safe }}</body>",
    "<body>{% liquid\necho '<div style=display:none><marquee></div>'\n%}</body>", "<body>{{ '<a hidden>' }}</body>",
    "<body>{{ '<div><b hidden><i><b hidden></div>' }}</body>", ]  # fmt: skip
BEYOND_CLOSING = [
    "<body>x<!-- {% if false %} -->{% endif %} y</body>", "<body>x<a title='{% if false %}'>{% endif %} y</body>",
    "<body>x{{ '<!--' }}</body>", "<body>{{ '<iframe>' }}</body>", "<body>{{ '<textarea>' }}</body>",
    "<body>{{ '<plaintext>' }}</body>", "<body>{{ '<svg><desc>' }}</body>", "<body>{{ '<?x' }}</body>",
    "<title>{% if false %}</title><style>@media all{body{display:none!important}}</style><body>x{% endif %}</body>",
    "<body title='{% if false %}'>x{% endif %}</body>",
    "<body>{{ '<div hidden></div a=\">' }}\"></body>",
    "<body style='color:{{ \"red;/*\" }}'>x</body>", "<body style='color:{{ \"(\" }}'>x</body>",
]  # fmt: skip


class _Above(HTMLParser):
    """Which tags are around the link, and the body's style."""

    def __init__(self) -> None:
        super().__init__()
        self.opened: list[str] = []
        self.around: list[list[str]] = []
        self.styles: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        if tag == "a" and told.get("href") == LEGAL.unsubscribe_url:
            self.around.append(list(self.opened))
        if tag in ("html", "body"):
            self.styles[tag] = told.get("style") or ""
        if tag not in ("br", "meta", "img", "hr", "col", "link", "input"):
            self.opened.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while tag not in ("html", "body") and tag in self.opened and self.opened.pop() != tag:
            pass


def _read(html: str) -> _Above:
    read = _Above()
    read.feed(css_inline.CSSInliner(inline_style_tags=False, load_remote_stylesheets=False).inline(html))
    return read


def _made(design: str) -> str:
    made = render_message(compile_template(TemplateSource(Channel.EMAIL, "Hi", design, "Hi")), {}, LEGAL)
    assert made.text.count("Unsubscribe: https://example.com/u") == 1
    return made.html or ""


@pytest.mark.parametrize("design", DESIGNS)
def test_no_markup_hides_what_the_law_wants(design: str) -> None:
    html = _made(design)
    read = _read(html)
    assert read.around[-1] == ["html", "body", "div"]
    assert [words for words in ("Terms.", "21 and over.", "1 Main St") if words not in html] == []
    for style in read.styles.values():
        assert style.endswith(SHOWN)
        assert "/*" not in style


@pytest.mark.parametrize("design", BEYOND_CLOSING)
def test_what_cannot_be_closed_is_not_sent(design: str) -> None:
    with pytest.raises(Misshapen, match="cannot be rendered"):
        _made(design)


@pytest.mark.parametrize(
    ("left", "closing"),
    [
        ("<div><p>a<br>b</div>", ""), ("<p>a", ""), ("<div><span>", "</span></div>"), ("<TD><b>x</TD>", "</b>"),
        ("<!--[if mso]><table><![endif]--><p>x</p>", ""), ("a < b <3 </>", ""),
        ("<img alt='>'><a title=\"<b>\">", "</a>"),
        ("<style>a>b{}</style><i/>", "</i>"), ("<table><td></table></div>", ""),
    ],
)  # fmt: skip
def test_a_design_is_closed_where_it_is_open(left: str, closing: str) -> None:
    assert closing_of(left).markup == closing


@pytest.mark.parametrize(
    "bit", ["<", "<!--", "<a ", "<a b='", "</", "<b>", "<div>", "<style>", "</p>", "<td></div>", "<a =="]
)
def test_no_design_takes_long_to_close(bit: str) -> None:
    began = process_time()
    with suppress(Unclosed):
        closing_of(bit * (100_000 // len(bit)))
    assert process_time() - began < 1
