"""What a customer will see: the e-mail and the SMS."""

from __future__ import annotations

import reflex as rx

from liquor_app.ui.badge import badge
from liquor_app.ui.var_types import Text


def email_preview(sender: Text, subject: Text, html: Text, height: int = 480) -> rx.Component:
    """Draw the rendered e-mail in a frame without scripts, forms or our cookies."""
    frame = rx.el.iframe(
        src_doc=html,
        title="E-mail preview",
        width="100%",
        height=f"{height}px",
        class_name="mail",
        # not lazy: a frame below the fold would stay blank in a print or a picture of the whole page
        custom_attrs={"sandbox": ""},
    )
    head = rx.el.div(
        rx.el.div(rx.el.span("From ", class_name="muted"), sender), rx.el.b(subject), class_name="col t12 mailhead"
    )
    return rx.el.div(head, frame, class_name="mailbox")


def sms_preview(text: Text, segments: Text, detail: Text = "") -> rx.Component:
    """Draw the SMS as a bubble; `segments` "1 segment", `detail` "GSM-7, 115 of 160"."""
    return rx.el.div(
        rx.el.div(
            badge(segments, "green", dot=False), rx.el.span(detail, class_name="t12 muted num"), class_name="row"
        ),
        rx.el.div(rx.el.p(text, class_name="bubble"), class_name="phone"),
        class_name="col g8",
    )
