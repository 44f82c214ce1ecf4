"""Who is known of those a chunk of rows may be about, and whom a row means. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from liquor_app.customers.person_names import may_be_one_person
from liquor_app.imports.cleaning.answers.consent_cells import ConsentGiven
from liquor_app.imports.cleaning.cells import Rejected
from liquor_app.imports.cleaning.person_rows import AgeSeen

KEYS = ("email_key", "external_id", "phone")


@dataclass(slots=True)
class Known:
    """A customer in hand. `seen` is the `updated_at` it was read with; None for one made by this file."""

    id: UUID
    values: dict[str, Any]
    seen: datetime | None = None
    consent: dict[str, str | None] = field(default_factory=dict)
    consent_at: dict[str, datetime] = field(default_factory=dict)
    evidence: list[tuple[int, ConsentGiven]] = field(default_factory=list)
    again: dict[str, tuple[int, ConsentGiven]] = field(default_factory=dict)
    """Channel → the latest no of this file that changes nothing."""
    born_in_row: int | None = None
    """The row of this file that last told their date of birth, if it told a new one."""
    given_up: dict[tuple[str, str], str] = field(default_factory=dict)
    """Channel and address → why nobody may write there any more, as this file says."""
    tags: dict[str, None] = field(default_factory=dict)
    """Tags this file gives them, whether they have them or not."""
    age_seen: tuple[int, AgeSeen] | None = None
    """The row that told a proof of age, where it counts."""
    objects: bool = False
    """Whether they object to being profiled."""
    objected: tuple[int, str] | None = None
    """The row of this file that told so first, and its column."""
    before: dict[str, Any] = field(default_factory=dict)
    consent_before: dict[str, str | None] = field(default_factory=dict)
    listed: set[str] | None = None
    """Columns of which the file says what was known before it; None where it has no row of them."""
    numbers: list[str] = field(default_factory=list)
    """What this file's tool calls them, beside the number they bear already."""

    def __post_init__(self) -> None:
        if self.seen is not None:
            self.before = dict(self.values)
            self.consent_before = dict(self.consent)

    @property
    def changes(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """What the file changes of them, by column: before, and after."""
        changed = [name for name, value in self.values.items() if value != self.before.get(name)]
        before = {name: self.before.get(name) for name in changed}
        after = {name: self.values[name] for name in changed}
        for channel, status in self.consent.items():
            if status != self.consent_before.get(channel):
                before[f"{channel}_consent"] = self.consent_before.get(channel)
                after[f"{channel}_consent"] = status
        return before, after

    @property
    def is_nameless(self) -> bool:
        """Known by a telephone alone, which families share."""
        return not (self.values.get("email_key") or self.values.get("external_id"))

    @property
    def changed(self) -> bool:
        return self.values != self.before or bool(self.evidence)

    @property
    def is_touched(self) -> bool:
        """Whether the file says anything new of them: of them, of their objection, or how another tool calls them."""
        return self.changed or self.objected is not None or bool(self.numbers)


class Base:
    """The known customers a chunk of rows may be about, found by any of their keys."""

    def __init__(
        self,
        known: Iterable[Known],
        aliases: Mapping[tuple[str, str], UUID] | None = None,
        *,
        tool: str = "",
        tools: Mapping[UUID, set[str]] | None = None,
    ) -> None:
        self.people: dict[UUID, Known] = {}
        self.aliases = dict(aliases or {})
        """Addresses and numbers of profiles that were merged away, and who has them now; numbers of a second tool."""
        self._tool, self._tools = tool, dict(tools or {})
        """Whose export the rows are; and whose numbers people bear ("" among them: somebody's we do not know)."""
        self._by: dict[str, dict[Any, list[Known]]] = {key: {} for key in KEYS}
        for one in known:
            self.add(one)

    def add(self, one: Known) -> None:
        self.people[one.id] = one
        for key, holders in self._by.items():
            if value := one.values.get(key):
                holders.setdefault(value, []).append(one)

    def index(self, one: Known, key: str) -> None:
        if value := one.values.get(key):
            self._by[key].setdefault(value, []).append(one)

    def owner(self, key: str, value: Any) -> Known | None:
        """Tell who holds `value` now; entries of values since changed are skipped."""
        for one in self._by[key].get(value, ()):
            if one.values.get(key) == value:
                return one
        return self.people.get(self.aliases[key, value]) if self.aliases and (key, value) in self.aliases else None

    def match(self, given: dict[str, Any]) -> Known | None:
        """Tell whom a row is about; None for somebody new.

        Raises:
            Rejected: its e-mail is one customer's and its external id another's.
        """
        by_email = self.owner("email_key", given["email_key"]) if "email_key" in given else None
        by_external = self.owner("external_id", given["external_id"]) if "external_id" in given else None
        if by_email and by_external and by_email is not by_external:
            raise Rejected(
                "two_customers", "external_id", "The e-mail belongs to one customer and the external id to another."
            )
        if (
            by_email
            and by_external is None
            and given.get("external_id")
            and by_email.values["external_id"] not in {None, given["external_id"]}
            and not self.is_second_tools(by_email, given)
        ):
            raise Rejected(
                "email_of_another",
                "email",
                # whose number it is a key for imports alone must not learn, and what is refused stands in files
                "The e-mail belongs to a customer with another number. If both are one person, leave the id column out"
                " of the mapping; if the address is a stand-in, blank it.",
            )
        if found := by_email or by_external:
            return found
        alone = not (given.get("email_key") or given.get("external_id"))
        phone = given.get("phone")
        if not (held := self._by["phone"].get(phone)):
            return None
        holders = [
            one for one in held
            if one.values["phone"] == phone and (alone or one.is_nameless)
            and may_be_one_person(one.values.get("name"), given.get("name"))
        ]  # fmt: skip
        # Several people may hold one telephone by now. Whoever is known by nothing else comes first, then whoever
        # knows all that the row tells: so the same file again finds the same person.
        told = ["of_age_on" if name == "date_of_birth" else name for name in given]
        found = min(holders, default=None, key=lambda one: (not one.is_nameless, not all(map(one.values.get, told))))
        return None if found and len(holders) > 1 and _is_another(given, holders) else found

    def is_second_tools(self, known: Known, given: Mapping[str, Any]) -> bool:
        """Tell whether a row's number is another tool's for somebody with the same address, whose name does not
        contradict. Two numbers of one tool are two people who share it, as families do."""
        has = self._tools.get(known.id, set())
        is_other = bool(self._tool and has) and not has & {"", self._tool}
        return is_other and may_be_one_person(known.values.get("name"), given.get("name"))

    def take_number(self, known: Known, given: Mapping[str, Any]) -> bool:
        """Note a second tool's number of somebody who was found by their address; tell whether it is one."""
        number, key = given.get("external_id"), given.get("email_key")
        held = known.values.get("external_id")
        if not number or not key or known.values.get("email_key") != key or held in {None, number}:
            return False
        if ("external_id", number) in self.aliases or not self.is_second_tools(known, given):
            return False
        self.aliases["external_id", str(number)] = known.id
        self._tools[known.id].add(self._tool)
        known.numbers.append(str(number))
        return True

    def others_at(self, phone: Any, known: Known) -> list[Known]:
        """Return who else holds a telephone."""
        return [one for one in self._by["phone"].get(phone, ()) if one is not known and one.values["phone"] == phone]


def _is_another(given: dict[str, Any], holders: Sequence[Known]) -> bool:
    """Tell whether a row by its telephone alone is of nobody who holds it: of a household, each known by more than
    that, nobody is called so."""
    name = " ".join(str(given.get("name") or "").split()).casefold()
    called = {" ".join(str(one.values.get("name") or "").split()).casefold() for one in holders}
    return bool(name) and name not in called and not any(one.is_nameless for one in holders)
