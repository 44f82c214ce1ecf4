"""Liquid and MJML: what comes out, and what is refused."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from liquor_app.core.errors import Invalid
from liquor_app.customers.person_names import called
from liquor_app.organization.models import Channel
from liquor_app.templates.defaults import default_templates
from liquor_app.templates.rendering.render import (
    CLIPPED_AT,
    Incomplete,
    Legal,
    Rendered,
    TemplateSource,
    compile_template,
    render_message,
    variables_of,
)
from liquor_app.templates.rendering.text_part import html_to_text
from liquor_app.templates.rendering.variables import VARIABLES, example_context

LEGAL = Legal(
    "Harbor & Vine", "14 Wharf St, Portland, ME 04101", "", "Must be 21 or older.", 21, "https://shop.example/u/abc.def"
)


def email(html: str, subject: str = "Hello", text: str | None = None) -> TemplateSource:
    return TemplateSource(Channel.EMAIL, subject, html, text)


def mjml(body: str) -> str:
    return f"<mjml><mj-body><mj-section><mj-column><mj-text>{body}</mj-text></mj-column></mj-section></mj-body></mjml>"


def render(source: TemplateSource, **values: object) -> Rendered:
    return render_message(compile_template(source), values, LEGAL)


@pytest.mark.parametrize("template", default_templates(), ids=lambda template: template.name)
def test_shipped_templates(template: object) -> None:
    """Each renders for a full context and for a stranger, carries the law's lines, and is small."""
    source = TemplateSource(template.channel, template.subject, template.html, template.text)  # type: ignore[attr-defined]
    compiled = compile_template(source)
    stranger = {
        "offer": {"text": "10% off", "ends": "Sunday 29 November"},
        "brand": example_context()["brand"],
        "links": {"shop": "https://shop.example.com"},
    }
    for context in (example_context(), stranger):
        made = render_message(compiled, context, LEGAL)
        assert "21" in made.text
        assert not re.search(r"[{}]{2}|LQ\d+QL", made.text + (made.html or "") + (made.subject or ""))
        if source.channel is Channel.SMS:
            assert made.text.startswith("Harbor & Vine: ")
            assert made.text.endswith("Reply STOP to end.")
            assert made.size is not None
            assert (made.size.encoding, made.size.segments) == ("GSM-7", 1)
        else:
            assert LEGAL.unsubscribe_url in (made.html or "")
            assert "14 Wharf St, Portland, ME 04101" in (made.html or "")
            assert f"Unsubscribe: {LEGAL.unsubscribe_url}" in made.text
            assert len((made.html or "").encode()) < CLIPPED_AT / 4
    assert set(variables_of(source)) <= set(VARIABLES)


@pytest.mark.parametrize("template", default_templates(), ids=lambda template: template.name)
def test_shipped_templates_hurry_nobody_where_nothing_is_taken_off(template: object) -> None:
    source = TemplateSource(template.channel, template.subject, template.html, template.text)  # type: ignore[attr-defined]
    compiled = compile_template(source)
    example = example_context()
    told = {}
    for discount in ("0", "10"):
        offer = {**example["offer"], "text": "What is new in wine", "ends": "9 December", "discount": discount}
        made = render_message(compiled, {**example, "offer": offer}, LEGAL)
        told[discount] = f"{made.subject} {made.text} {made.html}"
    assert "9 December" in told["10"]
    assert not re.search(r"9 December|a little money", told["0"])


def test_customers_cannot_write_html() -> None:
    """A name is escaped in HTML and plain in text and subject."""
    source = email(mjml("Hi {{ name }}"), subject="Hi {{ name }}")
    made = render(source, name="<b>Bob</b> & Co")
    assert "&lt;b&gt;Bob&lt;/b&gt; &amp; Co" in (made.html or "")
    assert made.subject == "Hi <b>Bob</b> & Co"
    assert "Hi <b>Bob</b> & Co" in made.text


def test_a_subject_is_one_line() -> None:
    """No header can be slipped in."""
    assert render(email(mjml("x"), subject="A {{ name }}"), name="b\r\nBcc: x@example.com").subject == (
        "A b Bcc: x@example.com"
    )


def test_every_missing_variable_is_named() -> None:
    """All at once, with the cure; those with a default or behind a condition are not missing."""
    source = email(
        mjml("{{ customer.first_name }} {{ offer.code | upcase }} {{ customer.city | default: 'town' }}"
             "{% if offer.ends %}{{ offer.ends }}{% endif %}"),
    )  # fmt: skip
    with pytest.raises(Incomplete, match="default: 'friend'") as caught:
        render(source, customer={}, offer={})
    assert caught.value.missing == ["customer.first_name", "offer.code"]


def test_conditions_between_mjml_elements() -> None:
    """Liquid may stand where MJML allows no text, and may compare with signs MJML would choke on."""
    source = email(
        "<mjml><mj-body>{% if n < 2 %}<mj-section><mj-column><mj-text>few</mj-text></mj-column></mj-section>{% else %}"
        "<mj-section><mj-column><mj-text>many</mj-text></mj-column></mj-section>{% endif %}</mj-body></mjml>"
    )
    assert "few" in (render(source, n=1).html or "")
    assert "few" not in (render(source, n=2).html or "")


def test_plain_html_gets_the_footer_too() -> None:
    """Not everybody writes MJML; styles are inlined for mail programs."""
    made = render(email("<html><head><style>p{color:red}</style></head><body><p>Hi</p></body></html>"))
    assert 'style="color: red' in (made.html or "")
    assert LEGAL.unsubscribe_url in (made.html or "")


def test_an_authors_own_text_part_keeps_the_footer() -> None:
    """It replaces the generated one, not the law's lines."""
    made = render(email(mjml("long"), text="Short and plain."))
    assert made.text.startswith("Short and plain.")
    assert "Unsubscribe: " in made.text


@pytest.mark.parametrize(
    "words",
    [
        "Non-STOP party deals",
        "21+ bottles on sale",
        "Harbor & Vine: 21+ tasting. STOP to end.",
        "Reply STOP? 21+ only.",
    ],
)
def test_case_28_the_laws_words_are_never_there_by_luck(words: str) -> None:
    made = render(TemplateSource(Channel.SMS, None, None, words)).text
    assert made.endswith(f"{words.removeprefix('Harbor & Vine: ')} 21+. Reply STOP to end.")
    assert made.startswith("Harbor & Vine: "), "who writes, once"
    assert made.count("Harbor & Vine") == 1


@pytest.mark.parametrize("source", [
    email(mjml("x")), email("<p>x</p>"), TemplateSource(Channel.SMS, None, None, "x"),
])  # fmt: skip
def test_what_a_law_wants_beside_an_offer_stands_in_every_part(source: TemplateSource) -> None:
    words = "THIS PRICE WAS SET BY AN ALGORITHM USING YOUR PERSONAL DATA."
    made = render_message(compile_template(source), {}, replace(LEGAL, disclosure=words))
    assert words in made.text
    assert made.html is None or words in made.html
    assert words not in render(source).text
    if made.html is not None:
        assert made.html.index(words) < made.html.index(LEGAL.postal_address)


@pytest.mark.parametrize(
    ("source", "field"),
    [
        (email(mjml("{% if %}")), "body_html_template"),
        (email(mjml("{{ a | nonsense }}")), "body_html_template"),
        (email("<mjml><mj-body><mj-section></mj-body></mjml>"), "body_html_template"),
        (email("<mjml>"), "body_html_template"),
        (email(mjml("{% include 'x' %}")), "body_html_template"),
        (email(mjml("x"), subject="{{ a "), "subject_template"),
        (email(mjml("x"), subject="  "), "subject_template"),
        (email(""), "body_html_template"),
        (email("x" * 100_001), "body_html_template"),
        (TemplateSource(Channel.SMS, None, None, " "), "body_text_template"),
    ],
)
def test_bad_templates_are_refused(source: TemplateSource, field: str | None) -> None:
    """With the part to blame."""
    with pytest.raises(Invalid) as caught:
        render(source, a="x")
    assert caught.value.field == field


@pytest.mark.parametrize(
    "body",
    [
        "{% for i in (1..100000) %}x{% endfor %}",
        "{% for i in (1..1000) %}{% for j in (1..1000) %}x{% endfor %}{% endfor %}",
    ],
)
def test_runaway_templates_stop(body: str) -> None:
    """Bounded work, bounded output."""
    with pytest.raises(Invalid, match="cannot be rendered"):
        render(email(mjml(body)), long="x" * 1000)


def test_a_text_too_long_for_any_provider() -> None:
    """1,600 characters is the most."""
    with pytest.raises(Invalid, match="1,600"):
        render(TemplateSource(Channel.SMS, None, None, "x" * 1601))


def test_html_to_text() -> None:
    """Blocks become lines, links keep their address, style and Liquid stay out of the way."""
    source = (
        "<style>p{}</style><p>Hi&nbsp;{{ name }}</p>"
        '<p><a href="{{ links.shop }}">Shop</a></p>{% if a < b %}x{% endif %}'
    )
    assert html_to_text(source) == "Hi {{ name }}\n\nShop ({{ links.shop }})\n{% if a < b %}x{% endif %}\n"


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("Marguerite Okafor", "Marguerite"),
        ("Okafor, M.", None),
        ("J. Okafor", None),
        (" ", None),
        ("", None),
        (None, None),
    ],
)
def test_the_first_name_is_one_or_none(name: str | None, first: str | None) -> None:
    """A name of blanks once ended the rendering of its message."""
    assert called(name) == first
