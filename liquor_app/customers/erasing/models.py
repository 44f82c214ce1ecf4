"""Erasures, the keyed hashes by which whoever was erased is known, and what people went by before."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Index, LargeBinary, text
from sqlmodel import Field, SQLModel

from liquor_app.core.columns import choice, document, flag, moment, pk, plain_uuid, ref, stamped, words
from liquor_app.core.platform.named_in import named_in
from liquor_app.core.platform.personal_data import Mention, Personal
from liquor_app.core.states import Transitions


class Ground(StrEnum):
    """Why somebody is erased: GDPR art. 17(1), and the rights of American states that come to the same. No free text:
    it would tell of whom it is to forget."""

    ASKED = "asked"
    NO_LONGER_NEEDED = "no_longer_needed"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    OBJECTED = "objected"
    UNLAWFUL = "unlawful"
    LEGAL_DUTY = "legal_duty"

    @property
    def label(self) -> str:
        return {
            "asked": "They asked for it", "no_longer_needed": "Their data is no longer needed",
            "consent_withdrawn": "They withdrew their consent", "objected": "They objected to being profiled",
            "unlawful": "Their data should never have been kept", "legal_duty": "A law or a court demands it",
        }[self.value]  # fmt: skip


class ErasureStatus(StrEnum):
    ASKED = "asked"
    """Nothing more goes to them; what is kept of them is about to be scrubbed."""
    DONE = "done"


ERASURE = Transitions("erasure", {ErasureStatus.ASKED: [ErasureStatus.DONE]})


class Erasure(SQLModel, table=True):
    """That a person was erased. `person_id` is the profile's id, which stands for nobody; `told` counts rows by table.
    No foreign key: after a restore of an older state the profile may be there or not."""

    __tablename__ = "erasures"
    __table_args__ = (
        Index("ix_erasures_person", "person_id"),
        Index("ix_erasures_open", "asked_at", postgresql_where=text("finished_at IS NULL")),
    )

    id: UUID = pk()
    person_id: UUID = plain_uuid(nullable=False)
    ground: Ground = choice("ground", Ground)
    status: ErasureStatus = choice("status", ErasureStatus, ErasureStatus.ASKED)
    asked_by: UUID | None = plain_uuid()
    asked_by_name: str = words(default="")
    asked_at: datetime = stamped()
    finished_at: datetime | None = moment()
    told: dict[str, Any] = document(empty="{}")
    in_templates: bool = flag()
    """Whether their name is to be taken out of templates, too."""


class ErasedKey(SQLModel, table=True):
    """A keyed hash of an address or number by which somebody who was erased was known."""

    __tablename__ = "erased_keys"
    __table_args__ = (Index("ix_erased_keys_erasure", "erasure_id"),)

    key_hash: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    erasure_id: UUID = ref("erasures.id")


class FormerIdentifier(SQLModel, table=True):
    """An address, number or name of somebody that is no more on their profile, so that an erasure finds what was
    written of them under it. `kind` is the column it stood in. A trigger on `customers` writes it, whoever changes the
    profile (ADR 131); nothing is found or merged by it, nothing shows it but what a person is told of themselves.
    """

    __tablename__ = "former_identifiers"
    __table_args__ = (Index("uq_former_identifiers", "customer_id", "kind", text("md5(value)"), unique=True),)

    id: UUID = pk()
    customer_id: UUID = ref("customers.id")
    kind: str = words()
    value: str = words()
    at: datetime = stamped()


PERSONAL = (
    Personal(
        "former_identifiers",  # after the profile itself: emptying it is a change, too
        rows="SELECT kind, value, at FROM former_identifiers WHERE customer_id = ANY(:people)",
        scrub="DELETE FROM former_identifiers WHERE customer_id = ANY(:people)",
    ),
)
"""What rows hold of a person."""

MENTIONS = (
    named_in(
        "customers",  # what is noted of others: "referred by …"
        (
            "city",
            "state",
            "postal_code",
            "country",
            "timezone",
            "language",
            "primary_category",
            "secondary_category",
            "rfm_segment",
        ),
        ("favorite_brands", "raw_data"),
        ("topics_off",),
        name="name",
        only="id <> ALL(:people)",
        also="updated_at = now()",
    ),
    Mention(
        "customers",  # another's own name is theirs
        rows="SELECT id, name FROM customers WHERE id <> ALL(:people) AND concat_ws(' ', name, first_name)"
        " ~* :hints AND concat_ws(' ', name, first_name) ~* :named ORDER BY id",
        link="/customers/{id}",
    ),
    # of others: “as she told Ada Example”
    named_in("consents", ("source", "wording_version"), ("evidence",), name="source"),
    named_in("age_ledger", (), ("evidence",), name="method"),
    named_in("suppressions", ("source",), name="source"),
    named_in(
        "purchases", ("external_id", "coupon_code", "store", "register"), unique=("external_id",), name="external_id"
    ),
    named_in("purchase_lines", ("product", "sku", "category", "brand"), name="product"),
)
"""Where the shop's own words may name somebody."""
