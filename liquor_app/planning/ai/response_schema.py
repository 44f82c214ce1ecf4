"""What the AI planner answers: its JSON schema, and the check that trusts none of it. Pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from liquor_app.campaigns.brief import CHANNELS
from liquor_app.core.errors import Invalid
from liquor_app.planning.ai.prompt import Question
from liquor_app.templates.custom_copy import Copy, check_copy
from liquor_app.ui.words import figure

MAX_SHARES, MAX_COPY, MAX_VARIANTS = 120, 60, 3
MAX_PROBLEMS = 12
TOLERANCE = 0.01


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


Key = Annotated[str, Field(max_length=40)]


class _Theme(_Part):
    title: Annotated[str, Field(min_length=1, max_length=100)]
    why: Annotated[str, Field(max_length=600)]


class _Share(_Part):
    segment: Key
    day: Key
    channel: Key
    offer: Key
    share: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]


class _Words(_Part):
    segment: Key
    channel: Key
    offer: Key
    subject: Annotated[str | None, Field(max_length=400)]
    text: Annotated[str, Field(max_length=2000)]


class _Reason(_Part):
    about: Annotated[str, Field(min_length=1, max_length=120)]
    why: Annotated[str, Field(max_length=600)]


class _Answer(_Part):
    themes: Annotated[list[_Theme], Field(min_length=1, max_length=5)]
    shares: Annotated[list[_Share], Field(min_length=1, max_length=MAX_SHARES)]
    copy_variants: Annotated[list[_Words], Field(max_length=MAX_COPY)]
    chosen_because: Annotated[list[_Reason], Field(max_length=20)]
    rejected: Annotated[list[_Reason], Field(max_length=20)]


@dataclass(frozen=True, slots=True)
class Lane:
    """An offer to a segment by a channel; all indices (`option` into the question's options)."""

    segment: int
    channel: int
    option: int


@dataclass(frozen=True, slots=True)
class Proposal:
    """A checked answer. `shares` are of all messages the plan can hold, by lane and day index."""

    shares: dict[tuple[Lane, int], float]
    words: dict[Lane, tuple[Copy, ...]]
    themes: tuple[tuple[str, str], ...]
    chosen_because: tuple[tuple[str, str], ...]
    rejected: tuple[tuple[str, str], ...]

    @property
    def lanes(self) -> list[Lane]:
        """Every lane with a share, in an order that never changes."""
        return sorted({lane for lane, _ in self.shares}, key=lambda lane: (lane.segment, lane.channel, lane.option))


class Refused(Exception):
    """The answer cannot be used; `problems` say why, in words the model may mend it by."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems[:MAX_PROBLEMS]


def json_schema(question: Question) -> dict[str, Any]:
    """Return the answer's schema, in the subset OpenAI's strict mode takes; keys and days are enumerations."""

    def shape(**properties: dict[str, Any]) -> dict[str, Any]:
        return {
            "type": "object",
            "properties": properties,
            "required": list(properties),
            "additionalProperties": False,
        }

    def many(item: dict[str, Any], what: str) -> dict[str, Any]:
        return {"type": "array", "items": item, "description": what}

    words: dict[str, Any] = {"type": "string"}
    where = {
        "segment": {"type": "string", "enum": list(question.segments)},
        "channel": {"type": "string", "enum": list(CHANNELS)},
        "offer": {"type": "string", "enum": [option.key for option in question.options]},
    }
    return shape(
        themes=many(shape(title=words, why=words), "One to five themes of the plan."),
        shares=many(
            shape(
                **where,
                day={"type": "string", "enum": [day.isoformat() for day in question.days]},
                share={
                    "type": "number",
                    "description": "Of all messages the plan can hold, above 0; together at most 1.",
                },
            ),
            f"At most {MAX_SHARES} cells.",
        ),
        copy_variants=many(
            shape(**where, subject={"type": ["string", "null"]}, text=words),
            f"Up to {MAX_VARIANTS} for a segment, channel and offer; text must show {{{{ offer.text }}}}.",
        ),
        chosen_because=many(shape(about=words, why=words), "Why these segments, offers and days."),
        rejected=many(shape(about=words, why=words), "What was considered and left, and why."),
    )


def read_answer(raw: str, question: Question) -> Proposal:
    """Return the proposal in an answer.

    Raises:
        Refused: it is not JSON, not of the schema, names what does not exist, exceeds a limit, or its copy cannot be
            used; all problems are told, up to twelve.
    """
    try:
        answer = _Answer.model_validate_json(raw)
    except ValidationError as error:
        raise Refused(
            [f"{'.'.join(map(str, one['loc'])) or 'answer'}: {one['msg']}" for one in error.errors()]
        ) from error
    except (ValueError, RecursionError) as error:
        raise Refused(["answer: it is not JSON"]) from error
    problems: list[str] = []
    shares = _shares(answer.shares, question, problems)
    words = _words(answer.copy_variants, question, problems)
    told = [
        [(_plain(one.title, "themes", problems), _plain(one.why, "themes", problems)) for one in answer.themes],
        [_reason(one, "chosen_because", problems) for one in answer.chosen_because],
        [_reason(one, "rejected", problems) for one in answer.rejected],
    ]
    if problems:
        raise Refused(problems)
    return Proposal(shares, words, *(tuple(pairs) for pairs in told))


def _reason(one: _Reason, field: str, problems: list[str]) -> tuple[str, str]:
    return _plain(one.about, field, problems), _plain(one.why, field, problems)


def _plain(value: str, field: str, problems: list[str]) -> str:
    words = " ".join(value.split())
    if not words.isprintable() or "<" in words or ">" in words or "{%" in words:
        problems.append(f"{field}: plain words only, no markup and no control characters")
        return ""
    return words


def _lane(part: _Share | _Words, where: str, question: Question, problems: list[str]) -> Lane | None:
    segment = question.segments.index(part.segment) if part.segment in question.segments else -1
    option = question.option(part.offer)
    if segment < 0:
        problems.append(f"{where}: there is no segment {part.segment!r}")
    elif part.channel not in CHANNELS:
        problems.append(f"{where}: there is no channel {part.channel!r}")
    elif part.channel not in question.channels[segment]:
        problems.append(f"{where}: nobody of {part.segment} can be reached by {part.channel}")
    elif option is None:
        problems.append(f"{where}: there is no offer {part.offer!r}")
    elif option.segment != segment:
        problems.append(f"{where}: the offer {part.offer} is not one of {part.segment}")
    else:
        return Lane(segment, CHANNELS.index(part.channel), question.options.index(option))
    return None


def _shares(parts: list[_Share], question: Question, problems: list[str]) -> dict[tuple[Lane, int], float]:
    shares: dict[tuple[Lane, int], float] = {}
    used: dict[tuple[int, int], float] = defaultdict(float)
    days = [day.isoformat() for day in question.days]
    for index, part in enumerate(parts):
        where = f"shares[{index}]"
        lane = _lane(part, where, question, problems)
        if part.day not in days:
            problems.append(f"{where}: {part.day!r} is none of the plan's days")
            continue
        if lane is None:
            continue
        day = days.index(part.day)
        if (lane, day) in shares:
            problems.append(f"{where}: this cell is there twice")
        shares[lane, day] = part.share
        used[day, lane.channel] += part.share
    total = sum(shares.values())
    if total > 1 + TOLERANCE:
        problems.append(f"shares: they add up to {figure(total, 3)}; together they may be at most 1")
    for (day, channel), share in sorted(used.items()):
        room, wanted = int(question.room[day, channel]), share * question.most
        if wanted > room + max(1.0, TOLERANCE * room):
            problems.append(
                f"shares: {days[day]} by {CHANNELS[channel]} would be {figure(wanted)} messages;"
                f" there is room for {figure(room)}"
            )
    return shares


def _words(parts: list[_Words], question: Question, problems: list[str]) -> dict[Lane, tuple[Copy, ...]]:
    found: dict[Lane, list[Copy]] = defaultdict(list)
    for index, part in enumerate(parts):
        where = f"copy_variants[{index}]"
        lane = _lane(part, where, question, problems)
        if part.channel == "sms" and part.subject:
            problems.append(f"{where}.subject: a text message has none")
        if lane is None:
            continue
        try:
            found[lane].append(check_copy(part.subject, part.text, part.channel, question.guidance))
        except Invalid as error:
            problems.append(f"{where}.{error.message}")
            continue
        if len(found[lane]) > MAX_VARIANTS:
            problems.append(f"{where}: more than {MAX_VARIANTS} variants for one segment, channel and offer")
    return {lane: tuple(dict.fromkeys(copies)) for lane, copies in found.items()}


def as_document(proposal: Proposal, question: Question) -> dict[str, Any]:
    """Return the proposal as it is kept with the plan, in names instead of keys."""
    return {
        "shares": [
            {
                "segment": question.names[lane.segment],
                "day": question.days[day].isoformat(),
                "channel": CHANNELS[lane.channel],
                "offer": question.options[lane.option].offer.name,
                "share": round(share, 5),
            }
            for (lane, day), share in proposal.shares.items()
        ],
        "copy": [
            {
                "segment": question.names[lane.segment],
                "channel": CHANNELS[lane.channel],
                "offer": question.options[lane.option].offer.name,
                "variants": [{"subject": copy.subject, "text": copy.text} for copy in copies],
            }
            for lane, copies in proposal.words.items()
        ],
        "themes": [{"title": title, "why": why} for title, why in proposal.themes],
    }
