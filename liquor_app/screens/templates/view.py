"""Templates as their pages say them: pure words from the services' rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from liquor_app.organization.models import Channel
from liquor_app.screens.segments.cards import TEMPLATES
from liquor_app.templates.preview import Preview
from liquor_app.templates.rendering.render import CLIPPED_AT
from liquor_app.templates.service import TemplateRow, VersionRow
from liquor_app.templates.template_lint import Problem
from liquor_app.templates.template_usage import TemplateUse
from liquor_app.ui.words import ago, listed, plural, show_moment

PARTS: Mapping[str, str] = {
    "subject_template": "Subject",
    "body_html_template": "Design",
    "body_text_template": "Text",
}


@dataclass(frozen=True, slots=True)
class Head:
    """A template on its page and in the list; an empty id while none is open."""

    id: str = ""
    name: str = ""
    channel: str = ""
    kind: str = ""
    version: str = ""
    active: bool = False
    current: bool = False
    used_by: str = ""
    would: str = ""
    """Who would use it, where nobody does."""
    saved: str = ""


@dataclass(frozen=True, slots=True)
class ProblemLine:
    field: str
    line: int
    where: str
    message: str
    warning: bool


@dataclass(frozen=True, slots=True)
class Seen:
    """What is shown of a rendered template; `weight` for e-mail, `segments` and `detail` for a text."""

    sender: str = ""
    subject: str = ""
    html: str = ""
    text: str = ""
    weight: str = ""
    clipped: bool = False
    segments: str = ""
    detail: str = ""
    missing: str = ""


@dataclass(frozen=True, slots=True)
class VersionLine:
    number: int
    name: str
    who: str
    what: str
    current: bool


def head_of(row: TemplateRow, use: TemplateUse, at: datetime) -> Head:
    parts = [
        plural(len(names), one) + " " + listed(names)
        for one, names in (("segment:", list(use.segments)), ("campaign:", list(use.campaigns)))
        if names
    ]
    return Head(
        id=str(row.id),
        name=row.name,
        channel=row.channel,
        kind=TEMPLATES.get(row.category, row.category),
        version=f"v{row.version}",
        active=row.is_active,
        current=use.is_current,
        used_by="; ".join(parts).replace("segment:s", "segments:").replace("campaign:s", "campaigns:"),
        would=would_words(use),
        saved=ago(row.updated_at, at),
    )


def would_words(use: TemplateUse) -> str:
    """Tell who would use a template that nobody uses now."""
    if not use.would_serve:
        return "No segment asks for its kind now"
    verb = "asks" if len(use.would_serve) == 1 else "ask"
    return f"Not in use; {plural(len(use.would_serve), 'segment')} {verb} for its kind: {listed(use.would_serve)}"


def is_needed(use: TemplateUse) -> bool:
    """Tell whether segments have no other template than this one."""
    return use.is_current and bool(use.segments) and not use.follower


def switch_words(use: TemplateUse, *, is_active: bool) -> str:
    """Tell what switching a template on, or off where it `is_active`, does to whose messages."""
    names = use.segments if is_active else use.would_serve
    if is_active and not use.is_current:
        return f"No message is made of it now: “{use.current}” is the one in use."
    if not names:
        return "No segment asks for its kind now, so no message changes."
    whose = f"{plural(len(names), 'segment')} ({listed(names)})"
    if is_active:
        if is_needed(use):
            return f"It is the only active one of its kind, and {whose} cannot be without: activate another one first."
        return f"The messages of {whose} are made of “{use.follower}” from then on."
    instead = f" instead of “{use.current}”" if use.current else ""
    return (
        f"The messages of {whose} are made of it from then on{instead}. Campaigns that are approved already keep the"
        " one they were approved with."
    )


def problem_line(problem: Problem) -> ProblemLine:
    where = PARTS[problem.field] + (f", line {problem.line}" if problem.line else "")
    return ProblemLine(problem.field, problem.line, where, problem.message, problem.is_warning)


def seen_of(preview: Preview) -> Seen:
    limit = CLIPPED_AT // 1000
    left = preview.limit - preview.units
    return Seen(
        sender=preview.sender,
        subject=preview.subject or "",
        html=preview.html or "",
        text=preview.text,
        weight=f"{max(1, round(preview.html_bytes / 1000))} kB of {limit} kB" if preview.html else "",
        clipped=preview.is_clipped,
        segments=plural(preview.segments, "segment") if preview.encoding else "",
        detail=f"{preview.encoding}, {preview.units} of {preview.limit}, {plural(left, 'character')} left"
        if preview.encoding
        else "",
        missing=", ".join(preview.missing),
    )


def version_line(row: VersionRow, current: int, at: datetime) -> VersionLine:
    return VersionLine(
        row.version,
        f"v{row.version}",
        f"{row.created_by or 'System'}, {show_moment(row.created_at, at)}",
        row.subject_template or "",
        row.version == current,
    )


CHANNELS = [(channel.value, channel.label) for channel in Channel]
KINDS = list(TEMPLATES.items())
