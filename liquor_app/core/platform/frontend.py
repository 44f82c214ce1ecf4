"""The production frontend: built once, served by the same process as everything else, on any host and port.

Reflex bakes the backend's address into the JavaScript. `use_own_origin` replaces it by the address the page itself
came from, so that a build outlives a change of host or port; `rxconfig.py` runs it as the last step of each build.
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from liquor_app.core.config import PROJECT_ROOT, get_settings, inherited_environment
from liquor_app.core.errors import Unavailable

WEB = PROJECT_ROOT / ".web"
STATIC = WEB / "build" / "client"
STAMP = WEB / "build.stamp"
BUILD_SECONDS = 600
BACKEND_PATHS = r"^/(api|session|docs|redoc|openapi\.json|ws|join|[a-z])(/|$|\?)"
"""What is served by the API and not by the screens; pages for recipients have one letter (`/u/…`)."""
POLICIES = "policies.json"
_INLINE = re.compile(r"<script(?![^>]*\ssrc=)[^>]*>(.*?)</script>", re.DOTALL)
_BAKED = re.compile(r"""([`"'])(http|ws)s?://(?:localhost|127\.0\.0\.1|0\.0\.0\.0):\d+(/[\w./-]*)\1""")
_ORIGIN = {"http": "location.origin", "ws": 'location.origin.replace(/^http/,"ws")'}


def use_own_origin(script: str) -> tuple[str, int]:
    """Replace every baked backend address in built JavaScript by one relative to `window.location`.

    Returns:
        The script and the number of addresses replaced.
    """
    return _BAKED.subn(lambda found: f'({_ORIGIN[found[2]]}+"{found[3]}")', script)


def inline_scripts(page: str) -> list[str]:
    """Return the scripts written into a built page, as a content security policy names them."""
    found = {hashlib.sha256(script.encode()).digest() for script in _INLINE.findall(page)}
    return sorted(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in found)


def patch_build(static_dir: Path) -> int:
    """Apply `use_own_origin` to the built assets, and write down which inline scripts each page has (`POLICIES`, beside
    the folder); returns the number of addresses replaced.

    Raises:
        RuntimeError: the address of the event socket was not found, so the build would only work on one port.
    """
    replaced, socket = 0, False
    for path in sorted((static_dir / "assets").glob("*.js")):
        script = path.read_text(encoding="utf-8")
        patched, count = use_own_origin(script)
        if count:
            path.write_text(patched, encoding="utf-8")
            replaced += count
            socket = socket or f'{_ORIGIN["ws"]}+"/_event"' in patched
    if not socket:
        raise RuntimeError(
            f"No baked address of the event socket in {static_dir}/assets ({replaced} other addresses replaced): "
            "Reflex changed how it writes them; adapt liquor_app/core/platform/frontend.py."
        )
    pages = {
        path.relative_to(static_dir).as_posix(): inline_scripts(path.read_text(encoding="utf-8"))
        for path in sorted(static_dir.rglob("*.html"))
    }
    (static_dir.parent / POLICIES).write_text(json.dumps(pages), encoding="utf-8")
    return replaced


def with_proxy(config: str, backend_port: int) -> str:
    """Return the development server's `vite.config.js`, made to hand everything that is no screen on to the backend.

    Served from two ports, the sign-in form would otherwise post to a server that has no such route.

    Raises:
        RuntimeError: there is no `server` section to put it into.
    """
    forwarded = json.dumps({BACKEND_PATHS: {"target": f"http://127.0.0.1:{backend_port}", "ws": True}})
    changed, count = re.subn(
        r"(\n  server: \{\n)", lambda found: f"{found[1]}    proxy: {forwarded},\n", config, count=1
    )
    if not count:
        raise RuntimeError(
            "vite.config.js has no server section: Reflex changed how it writes it; adapt core/platform/frontend.py."
        )
    return changed


def sources_hash() -> str:
    """Hash of all that shapes the frontend: code, assets and locked Python packages."""
    # State classes import rows and enums of every slice, so any module may change what is compiled.
    sources = [*(PROJECT_ROOT / "liquor_app").rglob("*.py"), *(PROJECT_ROOT / "assets").rglob("*")]
    return _hash(*sources, PROJECT_ROOT / "rxconfig.py", PROJECT_ROOT / "requirements.lock")


def _hash(*paths: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(paths):
        if path.is_file():
            digest.update(path.relative_to(PROJECT_ROOT).as_posix().encode() + b"\0")
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _stamp(sources: str) -> str:
    shown = " with gallery" if get_settings().gallery else ""
    return f"{sources} {_hash(PROJECT_ROOT / 'reflex.lock' / 'bun.lock')}{shown}"


def is_built() -> bool:
    """Tell whether the frontend on disk belongs to the sources on disk."""
    whole = (STATIC / "404.html").is_file() and (STATIC.parent / POLICIES).is_file()
    return whole and STAMP.is_file() and STAMP.read_text() == _stamp(sources_hash())


def ensure_built(force: bool = False) -> bool:
    """Build the frontend if its sources changed. Safe to call from several processes at once.

    Returns:
        True if it was built, False if the build on disk was current.

    Raises:
        Unavailable: the build failed or took longer than ten minutes; the message ends with its last lines.
    """
    if not force and is_built():
        return False
    with _lock():
        if not force and is_built():
            return False
        STAMP.unlink(missing_ok=True)
        # Hashed before the build, so that what changes meanwhile is built next time; Reflex itself may write
        # its npm lock during the build.
        sources = sources_hash()
        _export()
        STAMP.write_text(_stamp(sources))
    return True


def _export() -> None:
    command = [sys.executable, "-m", "reflex", "export", "--frontend-only", "--no-zip"]
    environment = inherited_environment() | {
        "REFLEX_CHECK_LATEST_VERSION": "false",
        "REFLEX_TELEMETRY_ENABLED": "false",
    }
    try:
        done = subprocess.run(  # noqa: S603
            command,
            cwd=PROJECT_ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=BUILD_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise Unavailable(f"Building the frontend took longer than {BUILD_SECONDS} seconds.") from error
    if done.returncode != 0:
        tail = "\n".join(done.stdout.strip().splitlines()[-25:])
        raise Unavailable(f"Building the frontend failed:\n{tail}")


@contextmanager
def _lock() -> Iterator[None]:
    with (PROJECT_ROOT / ".web.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


CROWDED = ["--backlog", "2048", "--backpressure", "16384", "--http1-header-read-timeout", "10000"]
"""The web server takes up no further connection once it has `backpressure` of them, idle ones too: with its own 1,024
anybody's half-sent requests close the shop. What comes in is bounded by `api.body_limits` instead."""


def serve_command(host: str, port: int, workers: int) -> tuple[list[str], dict[str, str]]:
    """Tell how to serve app, API and screens in one process on one port, without Node or bun.

    Returns:
        The arguments and the environment variables to add to one's own.
    """
    argv = [sys.executable, "-m", "granian", "--interface", "asgi", "--factory", "--host", host]
    argv += ["--port", str(port), "--workers", str(workers), "--workers-kill-timeout", "3s", "--no-access-log"]
    argv += [*CROWDED, "--log-level", "warning", "--working-dir", str(PROJECT_ROOT), "liquor_app.liquor_app:app"]
    environment = {
        "REFLEX_ENV_MODE": "prod",
        "REFLEX_CHECK_LATEST_VERSION": "false",
        "__REFLEX_SKIP_COMPILE": "true",
        "__REFLEX_MOUNT_FRONTEND_COMPILED_APP": "true",
        "LIQUOR_HOST": host,
        "LIQUOR_PORT": str(port),
    }
    return argv, environment
