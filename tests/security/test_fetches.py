"""What an author writes is never read from anywhere: no file, no address, by no element, in no dialect."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from sqlalchemy import text

from liquor_app.core.db import transaction
from liquor_app.core.errors import Invalid
from liquor_app.organization.models import Channel
from liquor_app.templates.rendering.render import TemplateSource, compile_template
from liquor_app.templates.template_lint import find_problems
from tests.api.client import Client, is_problem

STOLEN = "rgb(1, 2, 3)"
SHEET = f"p {{ color: {STOLEN} }} .stolen {{ background: url(x) }}"


class Fetches:
    """A server that notes every request; the address under which it stands."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        fetches = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                fetches.seen.append(self.path)
                body = SHEET.encode()
                self.send_response(200)
                self.send_header("content-type", "text/css")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture(scope="module")
def fetches() -> Iterator[Fetches]:
    made = Fetches()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture(scope="module")
def sheet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("sheets") / "stolen.css"
    made.write_text(SHEET)
    return made


def addresses(fetches: Fetches, sheet: Path) -> dict[str, str]:
    return {
        "http": f"http://{fetches.address}/a.css",
        "https": f"https://{fetches.address}/b.css",
        "no scheme": f"//{fetches.address}/c.css",
        "file": f"file://{sheet}",
        "path": str(sheet),
        "far up": "../../../../../../../../../.." + str(sheet),
        "data": f"data:text/css,{SHEET}",
        "UNC": f"\\\\{fetches.address}\\share\\d.css",
        "UNC in a file address": f"file://{fetches.address}/share/e.css",
        "environment": "file:///proc/self/environ",
    }


WAYS = {
    "link": "<html><head><link rel=stylesheet href='{url}'></head><body><p>hi</p></body></html>",
    "link, quoted": '<html><head><link rel="stylesheet" type="text/css" href="{url}"/></head><body><p>hi'
    "</p></body></html>",
    "link after an open rule": "<html><head><style>p {{ --x: </style><link rel=stylesheet href='{url}'></head><body><p>"
    "hi</p></body></html>",
    "link in the body": "<p>hi</p><link rel=stylesheet href='{url}'>",
    "import": "<html><head><style>@import url('{url}'); p {{ margin: 0 }}</style></head><body><p>hi</p></body></html>",
    "import, bare": '<html><head><style>@import "{url}";</style></head><body><p>hi</p></body></html>',
    "background": "<html><head><style>p {{ background: url('{url}') }}</style></head><body><p>hi</p></body></html>",
    "font": "<html><head><style>@font-face {{ font-family: x; src: url('{url}') }} p {{ font: x }}</style></head><body>"
    "<p>hi</p></body></html>",
    "base": "<html><head><base href='{url}'><link rel=stylesheet href='a.css'></head><body><p>hi</p></body></html>",
    "picture": "<html><body><p>hi</p><img src='{url}'><object data='{url}'></object><iframe src='{url}'></iframe>"
    "</body></html>",
    "MJML include": "<mjml><mj-body><mj-include path='{url}' /><mj-section><mj-column><mj-text><p>hi</p></mj-text>"
    "</mj-column></mj-section></mj-body></mjml>",
    "MJML include of CSS": "<mjml><mj-head><mj-include path='{url}' type='css' css-inline='inline' /></mj-head>"
    "<mj-body><mj-section><mj-column><mj-text><p>hi</p></mj-text></mj-column></mj-section></mj-body></mjml>",
    "MJML font": "<mjml><mj-head><mj-font name='x' href='{url}' /><mj-style inline='inline'>@import url('{url}');"
    "</mj-style></mj-head><mj-body><mj-section><mj-column><mj-text font-family='x'><p>hi</p></mj-text></mj-column>"
    "</mj-section></mj-body></mjml>",
    "MJML raw": "<mjml><mj-body><mj-raw><link rel=stylesheet href='{url}'></mj-raw><mj-section><mj-column><mj-text><p>"
    "hi</p></mj-text></mj-column></mj-section></mj-body></mjml>",
}


@pytest.mark.parametrize("way", WAYS)
def test_nothing_is_ever_loaded(way: str, fetches: Fetches, sheet: Path) -> None:
    """Ten kinds of addresses in every element that could load one: no request, and nothing of the sheet in the page."""
    fetches.seen.clear()
    for kind, url in addresses(fetches, sheet).items():
        source = TemplateSource(Channel.EMAIL, "s", WAYS[way].format(url=url), None)
        try:
            made = compile_template(source)
        except Invalid:
            continue  # refused is not loaded
        finally:
            find_problems(source)
        page = str(made.html)
        assert f'style="color: {STOLEN}' not in page, kind
        assert f"color: {STOLEN}" not in page.replace(url, ""), kind
        assert "PATH=" not in page, kind
    assert fetches.seen == []


async def test_the_way_from_a_viewer_to_an_admin_is_closed(
    viewer: Client, manager: Client, templates: None, sheet: Path
) -> None:
    """The takeover began with a preview of a viewer's own words: whoever cannot edit has none compiled."""
    async with transaction() as session:
        found = await session.execute(text("SELECT id FROM message_templates WHERE channel = 'email' LIMIT 1"))
        template = found.scalar_one()
    words = WAYS["link after an open rule"].format(url=f"file://{sheet}")
    for someone in (viewer, manager):
        answer = await someone.post(
            f"/settings/templates/{template}/preview", json={"subject_template": "s", "body_html_template": words}
        )
        is_problem(answer, 403, "forbidden")
        assert STOLEN not in answer.text
        stored = await someone.post(f"/settings/templates/{template}/preview", json={})
        assert stored.status_code == 200, "what admins wrote is for everybody to read"
