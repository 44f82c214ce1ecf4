"""Shapes of the actions' routes."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated
from uuid import UUID

from pydantic import Field, model_validator

from liquor_app.api.schemas import Body, Day, Money, Row


class GenerateActionsIn(Body):
    """For which campaign; its segments say who may be contacted."""

    campaign_id: UUID


class OfferOut(Row):
    name: str
    text: str
    discount_pct: Money


class MoveIn(Body):
    day: Day


class NoteIn(Body):
    note: Annotated[str, Field(max_length=200)] = ""


class OfferIn(Body):
    """Either the name of an offer of the playbook, or words and a discount of your own."""

    name: Annotated[str | None, Field(max_length=80)] = None
    text: Annotated[str | None, Field(max_length=160)] = None
    discount_pct: Annotated[Decimal | None, Field(ge=0, le=100)] = None

    @model_validator(mode="after")
    def _one_of_both(self) -> OfferIn:
        if (self.name is None) == (self.text is None):
            raise ValueError("give either name or text")
        return self


class CopyIn(Body):
    """`{{ offer.text }}` and `{{ offer.ends }}` are filled in; an empty subject is the template's."""

    message: Annotated[str, Field(max_length=2000)]
    subject: Annotated[str | None, Field(max_length=400)] = None
