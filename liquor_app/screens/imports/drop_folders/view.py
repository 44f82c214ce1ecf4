"""Drop folders and their files in words. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from liquor_app.imports.drop_folders.drop_sources import SourceRow
from liquor_app.imports.drop_folders.lists import DropFileRow
from liquor_app.imports.drop_folders.models import DropStatus
from liquor_app.imports.models import ImportStatus
from liquor_app.imports.profiles.known_tools import PROFILES
from liquor_app.ui.words import NONE, ago, figure, plural, show_moment, show_money, spoken

FAILED = (DropStatus.FAILED.value, ImportStatus.FAILED.value, ImportStatus.CANCELLED.value)


_UNSETTLED = "{} could not be imported: see below. Try again, import as another kind, or discard."
_SEEMS = {"customers": "customers", "purchases": "orders", "products": "products"}
"""What a file seems to hold, as people say it."""


@dataclass(frozen=True)
class SourceLine:
    """A drop folder as the page draws it."""

    id: str = ""
    name: str = ""
    where: str = ""
    holds: str = ""
    rhythm: str = ""
    last: str = ""
    state: str = ""
    tone: str = "gray"
    problem: str = ""
    paused: bool = False


@dataclass(frozen=True)
class FileLine:
    """A file that came."""

    id: str
    name: str
    source: str
    came: str
    state: str
    rows: str
    total: str
    reason: str
    report: str
    can_retry: bool
    take_as: str = ""
    """What it can be imported as instead, as people say it."""


def source_line(row: SourceRow, where: str, at: datetime) -> SourceLine:
    profile = str(row.options.get("profile") or "")
    read_as = PROFILES[profile].name if profile in PROFILES else "recognised by itself"
    state, tone = ("Ready", "green")
    if row.is_paused:
        state, tone = "Paused", "amber"
    elif row.problem:
        state, tone = "Unreadable", "red"
    elif row.is_silent:
        state, tone = "Silent", "amber"
    elif row.failed:
        state, tone = "Needs a look", "amber"
    elif row.looked_at is None:
        state, tone = "Not looked at yet", "gray"
    told = f", told after {plural(row.silent_hours, 'hour')} of silence" if row.silent_hours else ""
    return SourceLine(
        id=str(row.id),
        name=row.name,
        where=where,
        holds=f"{spoken(row.kind)}, {read_as}",
        rhythm=f"Every {plural(row.every_minutes, 'minute')}{told}",
        last=ago(row.last_at, at) if row.last_at else "nothing yet",
        state=state,
        tone=tone,
        problem=row.problem or (_UNSETTLED.format(plural(row.failed, "file")) if row.failed else ""),
        paused=row.is_paused,
    )


OF_FILES = ("profile", "unknown_customers", "numbering")
"""What the form says of how files are read, beside their kind."""
NEW = {"kind": "products", "policy": "fill", "every_minutes": "15"}
"""What the form of a new folder starts with."""


def fields_of(row: SourceRow) -> dict[str, str]:
    """Return what the form of a folder starts with."""
    shown = {name: getattr(row, name) for name in ("name", "folder", "kind", "policy", "every_minutes", "silent_hours")}
    shown |= {name: row.options.get(name) for name in OF_FILES}
    return {name: str(value or "") for name, value in shown.items()}


def _reason(reason: str, seems: str, holds: str) -> str:
    """Return why a file failed, first of all that it is of another kind than its folder's."""
    is_said = not seems or reason.startswith("The file looks like")
    return reason if is_said else f"It looks like {seems}, not {_SEEMS[holds]}. {reason}"


def file_line(row: DropFileRow, at: datetime) -> FileLine:
    # of those taken some are warned of
    counts = ((row.right, "taken"), (row.warned, "warned of"), (row.refused, "refused"), (row.left_out, "left out"))
    known = [f"{figure(count)} {word}" for count, word in counts if count]
    known += [f"{plural(row.taken_back, 'known order')} taken back"] if row.taken_back else []
    seems = _SEEMS.get(row.seems or "", "") if row.state in FAILED else ""
    return FileLine(
        id=str(row.id),
        name=row.name,
        source=row.source,
        came=show_moment(row.seen_at, at),
        state=row.state,
        rows=", ".join(known) or NONE,
        total=show_money(row.total, cents=True),
        reason=_reason(row.reason or "", seems, row.holds),
        take_as=seems,
        report=f"/customers/import?import={row.import_id}" if row.import_id else "",
        can_retry=row.state in FAILED,
    )
