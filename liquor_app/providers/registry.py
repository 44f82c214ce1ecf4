"""Every provider there is: one file, one line."""

from __future__ import annotations

from liquor_app.providers.base import Provider
from liquor_app.providers.mailgun import Mailgun
from liquor_app.providers.sandbox import Sandbox

PROVIDERS: dict[str, type[Provider]] = {
    Sandbox.name: Sandbox,
    Mailgun.name: Mailgun,
}

SANDBOX = Sandbox.name
