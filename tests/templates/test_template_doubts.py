"""What is well formed and goes wrong in the mail: the check of a template said that nothing was wrong with it."""

from __future__ import annotations

import pytest

from liquor_app.organization.models import Channel
from liquor_app.templates.defaults import default_templates
from liquor_app.templates.rendering.compile_sandboxed import compile_html
from liquor_app.templates.rendering.render import TemplateSource
from liquor_app.templates.template_lint import find_problems


def warned(html: str, subject: str = "Hi") -> list[tuple[str, int, str]]:
    found = find_problems(TemplateSource(Channel.EMAIL, subject, html, None))
    assert all(one.is_warning for one in found)
    return [(one.field, one.line, one.message) for one in found]


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("50% off everything", "50% off"), ("<b>50%</b> off", "50% off"), ("Save $5 today", "save $5"),
        ("half price", "half price"), ("Was $20, now $15", "was $20, now $15"),
        ("<img src='https://a.example/x.png' alt='30% off'>", "30% off"),
        ("{% if offer.code %}20% off{% endif %}", "20% off"),
    ],
)  # fmt: skip
def test_money_off_written_by_hand_is_told_with_its_line(written: str, told: str) -> None:
    ((field, line, message),) = warned(f"<p>Hello</p>\n<p>{written}</p>")
    assert (field, line) == ("body_html_template", 2)
    assert f"says “{told}”" in message
    assert "the offer decides what is off" in message


def test_so_it_is_in_the_subject_and_in_a_text_message() -> None:
    assert [(field, line) for field, line, _ in warned("<p>x</p>", "50% off today")] == [("subject_template", 1)]
    (problem,) = find_problems(TemplateSource(Channel.SMS, None, None, "Hi,\n50% off gin"))
    assert (problem.field, problem.line, problem.is_warning) == ("body_text_template", 2, True)


def test_forms_are_told_and_do_not_leave_the_house() -> None:
    form = '<form action="https://a.example/{{ offer.code }}"><p>Your name</p><INPUT name="n" value=">"/></form>'
    assert [(line, message.split(" out,")[0]) for _, line, message in warned(f"<p>x</p>\n{form}")] == [
        (2, "Mail programs take <form>"), (2, "Mail programs take <input>"),
    ]  # fmt: skip
    for source in (
        f"<html><body>{form}</body></html>",
        f"<mjml><mj-body><mj-section><mj-column><mj-text>{form}</mj-text></mj-column></mj-section></mj-body></mjml>",
    ):
        made = compile_html(source)[0].lower()
        assert "your name" in made
        assert "<form" not in made
        assert "<input" not in made


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ('<img src="http://a.example/x.png">', "block the picture http://a.example/…:"),
        ("<td background='http://a.example/y.png'>x</td>", "block the picture http://a.example/…:"),
        ("<div style=\"background:url('http://a.example/z.png')\">x</div>", "block the picture http://a.example/…:"),
        ('<a href="javascript:alert(1)">x</a>', "begins with javascript:"),
        ('<a href=" java&#115;cript:x">x</a>', "begins with javascript:"),
        ('<a href="">x</a>', "address is empty"), ("<a href='#'>x</a>", "address is empty"),
        ("<mj-button>x</mj-button>", "address is empty"),
    ],
)  # fmt: skip
def test_what_is_blocked_or_leads_nowhere_is_told(written: str, told: str) -> None:
    ((_, line, message),) = warned(f"<p>x</p>\n{written}")
    assert (line, told in message) == (2, True)


@pytest.mark.parametrize(
    "written",
    [
        "{{ offer.text }}", "100% agave, 40% vol", "{{ offer.discount }}% off", '<a href="{{ offer.url }}">x</a>',
        "<td style='width:50%'>off</td>", '<img src="https://a.example/x.png">', '<img src="{{ brand.logo }}">',
        '<a href="http://shop.example">x</a>', '<a name="top"></a><a href="#top">up</a>', "<!-- <form> 50% off -->",
        "<style>.off{width:50%}</style>", "<b>Your code: {{ offer.code }}</b>",
    ],
)  # fmt: skip
def test_what_is_right_is_no_doubt(written: str) -> None:
    assert [one for one in warned(f"<p>{written}</p>") if "no variable" not in one[2]] == []


def test_the_shipped_templates_raise_none() -> None:
    for one in default_templates():
        assert find_problems(TemplateSource(one.channel, one.subject, one.html, one.text)) == []
