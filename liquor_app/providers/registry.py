"""Every provider there is: one file, one line."""

from __future__ import annotations

from liquor_app.providers.adapters.mailgun import Mailgun
from liquor_app.providers.adapters.postmark import Postmark
from liquor_app.providers.adapters.sandbox import Sandbox
from liquor_app.providers.adapters.sendgrid import SendGrid
from liquor_app.providers.adapters.smtp import Smtp
from liquor_app.providers.adapters.twilio import Twilio
from liquor_app.providers.kit.base import Provider

PROVIDERS: dict[str, type[Provider]] = {
    Sandbox.name: Sandbox,
    Mailgun.name: Mailgun,
    SendGrid.name: SendGrid,
    Postmark.name: Postmark,
    Smtp.name: Smtp,
    Twilio.name: Twilio,
}

SANDBOX = Sandbox.name
