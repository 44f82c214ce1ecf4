"""One build for every host and port, built once."""

from __future__ import annotations

import json
import re
import threading
import time
from pathlib import Path

import pytest

from liquor_app.core.errors import Unavailable
from liquor_app.core.platform import frontend
from liquor_app.core.platform.frontend import (
    BACKEND_PATHS,
    POLICIES,
    inline_scripts,
    patch_build,
    serve_command,
    use_own_origin,
    with_proxy,
)

BUILT = 'var e={PING:`http://localhost:8000/ping`,EVENT:`ws://localhost:8000/_event`,TEST:!1},u="http://localhost";'


def test_baked_addresses_become_the_pages_own() -> None:
    script, count = use_own_origin(BUILT)
    assert count == 2
    assert ":8000" not in script
    assert 'PING:(location.origin+"/ping")' in script
    assert 'EVENT:(location.origin.replace(/^http/,"ws")+"/_event")' in script
    assert 'u="http://localhost"' in script, "an address without a port is the router's own"


@pytest.mark.parametrize("quote", ["'", '"', "`"])
@pytest.mark.parametrize("address", ["https://127.0.0.1:3000/x", "wss://0.0.0.0:1/_event", "http://localhost:65535/"])
def test_every_quote_and_local_host_is_found(quote: str, address: str) -> None:
    assert use_own_origin(f"a={quote}{address}{quote}")[1] == 1


@pytest.mark.parametrize(
    "text", ["`http://shop.example:8000/ping`", "`http://localhost:8000/ping'", "http://localhost:80"]
)
def test_other_text_is_left_alone(text: str) -> None:
    assert use_own_origin(text) == (text, 0)


def test_a_second_pass_changes_nothing() -> None:
    once, _ = use_own_origin(BUILT)
    assert use_own_origin(once) == (once, 0)


def test_a_build_whose_socket_is_not_found_fails(tmp_path: Path) -> None:
    (tmp_path / "assets").mkdir()
    env = tmp_path / "assets" / "env.js"
    env.write_text(BUILT.replace("_event", "_other"))
    with pytest.raises(RuntimeError, match="event socket"):
        patch_build(tmp_path)
    env.write_text(BUILT)
    assert patch_build(tmp_path) == 2


def test_the_scripts_written_into_a_page_are_named_by_their_hash(tmp_path: Path) -> None:
    static = tmp_path / "client"
    (static / "assets").mkdir(parents=True)
    (static / "assets" / "env.js").write_text(BUILT)
    (static / "customers").mkdir()
    page = (
        '<script src="/a.js"></script><script>alert(1)</script><script type="module" async="">\nimport("a")\n</script>'
    )
    (static / "customers" / "index.html").write_text(page)
    patch_build(static)
    alert = "'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI='"
    known = json.loads((tmp_path / POLICIES).read_text())
    assert list(known) == ["customers/index.html"]
    assert alert in known["customers/index.html"]
    assert len(known["customers/index.html"]) == 2
    assert inline_scripts("<script>alert(2)</script>") != [alert]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "liquor_app").mkdir()
    (tmp_path / "liquor_app" / "page.py").write_text("title = 'one'\n")
    for name, value in (("PROJECT_ROOT", tmp_path), ("WEB", tmp_path / ".web")):
        monkeypatch.setattr(frontend, name, value)
    monkeypatch.setattr(frontend, "STATIC", tmp_path / ".web" / "build" / "client")
    monkeypatch.setattr(frontend, "STAMP", tmp_path / ".web" / "build.stamp")
    return tmp_path


def fake_export(project: Path, builds: list[float]) -> None:
    builds.append(time.monotonic())
    time.sleep(0.1)
    static = project / ".web" / "build" / "client"
    static.mkdir(parents=True, exist_ok=True)
    (static / "404.html").write_text("<html>")
    (static.parent / POLICIES).write_text("{}")
    (project / "reflex.lock").mkdir(exist_ok=True)
    (project / "reflex.lock" / "bun.lock").write_text("written by the build")


def test_builds_once_until_a_source_changes(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    builds: list[float] = []
    monkeypatch.setattr(frontend, "_export", lambda: fake_export(project, builds))
    assert frontend.ensure_built()
    assert not frontend.ensure_built()
    (project / "liquor_app" / "page.py").write_text("title = 'two'\n")
    assert not frontend.is_built()
    assert frontend.ensure_built()
    (project / "reflex.lock" / "bun.lock").write_text("other packages")
    assert frontend.ensure_built()
    assert frontend.ensure_built(force=True)
    assert len(builds) == 4


def test_callers_at_the_same_time_build_once(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    builds: list[float] = []
    monkeypatch.setattr(frontend, "_export", lambda: fake_export(project, builds))
    callers = [threading.Thread(target=frontend.ensure_built) for _ in range(5)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert len(builds) == 1


def test_a_failed_build_says_why_and_is_tried_again(project: Path) -> None:
    (project / "rxconfig.py").write_text("raise SystemExit('no such thing')\n")
    with pytest.raises(Unavailable, match="no such thing"):
        frontend.ensure_built()
    assert not frontend.is_built()


def test_serving_needs_no_javascript_runtime() -> None:
    argv, environment = serve_command("0.0.0.0", 9000, 3)
    assert argv[argv.index("--port") + 1] == "9000"
    assert argv[argv.index("--workers") + 1] == "3"
    assert environment["LIQUOR_PORT"] == "9000"
    assert environment["__REFLEX_SKIP_COMPILE"] == "true"


def test_the_development_server_hands_on_what_is_no_screen() -> None:
    config = "export default defineConfig((config) => ({\n  server: {\n    port: process.env.PORT,\n  },\n}));"
    proxied = with_proxy(config, 8001)
    assert '"target": "http://127.0.0.1:8001"' in proxied
    assert proxied.index("server: {") < proxied.index("proxy:") < proxied.index("port: process")
    with pytest.raises(RuntimeError, match="no server section"):
        with_proxy("export default {}", 8001)


def test_every_route_of_the_api_and_no_screen_is_handed_on() -> None:
    from liquor_app.liquor_app import PAGES
    from liquor_app.rest.routers import AT_ROOT, create_api

    paths = [*create_api().openapi()["paths"], *(route.path for router in AT_ROOT for route in router.routes)]  # type: ignore[attr-defined]
    assert len(paths) > 50
    assert [path for path in paths if not re.match(BACKEND_PATHS, path)] == []
    assert [page.route for page in PAGES if re.match(BACKEND_PATHS, page.route)] == []
