"""Every provider there is: one file, one line."""

from __future__ import annotations

from liquor_app.providers.base import Provider
from liquor_app.providers.mailgun import Mailgun
from liquor_app.providers.postmark import Postmark
from liquor_app.providers.sandbox import Sandbox
from liquor_app.providers.sendgrid import SendGrid
from liquor_app.providers.smtp import Smtp
from liquor_app.providers.twilio import Twilio

PROVIDERS: dict[str, type[Provider]] = {
    Sandbox.name: Sandbox,
    Mailgun.name: Mailgun,
    SendGrid.name: SendGrid,
    Postmark.name: Postmark,
    Smtp.name: Smtp,
    Twilio.name: Twilio,
}

SANDBOX = Sandbox.name
