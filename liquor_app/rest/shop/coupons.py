"""Routes: coupon pools and the lists of codes that fill them."""

from __future__ import annotations

import io
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import Field
from starlette.datastructures import UploadFile

from liquor_app.accounts.permission_table import Permission, needs
from liquor_app.accounts.permissions import Actor, require
from liquor_app.api.etag import check_unchanged, content, tag
from liquor_app.api.idempotency import once
from liquor_app.api.schemas import Body, Id, Money, Patch, Row
from liquor_app.core.db import Session, transaction
from liquor_app.core.errors import Malformed
from liquor_app.core.ids import parse_id
from liquor_app.coupons import coupon_pools
from liquor_app.coupons.coupon_pools import AddedCodes, PoolFields
from liquor_app.coupons.lists import POOLS, list_pools
from liquor_app.imports.readers.encoding import AS_WINDOWS, HEAD, guess_encoding
from liquor_app.rest.kit.authentication import CurrentActor, key_owner
from liquor_app.rest.kit.body_examples import ID
from liquor_app.rest.kit.file_forms import file_form
from liquor_app.rest.kit.list_routes import list_routes

router = APIRouter(prefix="/coupon-pools", tags=["coupons"])

SET_UP = ("id", "name", "is_standing", "low_water", "discount_pct")
"""Fields that make another version: what somebody set, not what became of it."""

FILE = "/api/v1/coupon-pools/file"
LARGE_BODIES = {f"POST {FILE}": coupon_pools.MAX_BYTES + 64 * 1024}
_FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["pool_id", "file"],
                    "properties": {
                        "pool_id": {"type": "string", "format": "uuid"},
                        "file": {"type": "string", "format": "binary"},
                    },
                    "additionalProperties": False,
                },
                "example": {"pool_id": ID, "file": "Code\r\nRYE-15-K7QF\r\nRYE-15-2M9D\r\n"},
            }
        },
    }
}

Name = Annotated[str, Field(min_length=1, max_length=80)]
LowWater = Annotated[int, Field(ge=0, le=coupon_pools.MAX_LOW_WATER)]


class PoolIn(Body):
    """All codes of a pool are worth the same; a standing pool serves every campaign with this discount."""

    name: Name
    discount_pct: Annotated[Decimal, Field(gt=0, le=100)]
    is_standing: bool = False
    low_water: LowWater = 100


class PoolPatch(Patch):
    name: Name | None = None
    is_standing: bool | None = None
    low_water: LowWater | None = None


class CodesIn(Body):
    """Codes of 3 to 40 letters, digits and - . _ / #; for more than these send a file."""

    codes: Annotated[list[Annotated[str, Field(max_length=200)]], Field(min_length=1, max_length=20_000)]


class PoolOut(Row, PoolFields):
    """A pool. `remaining` codes are nobody's yet; it `is_low` at `low_water`, and a notice comes."""

    discount_pct: Money
    is_low: bool


list_routes(router, POOLS, list_pools, "Coupon pools, by name.", limit=200, shape=PoolOut)


@router.post("", response_model=PoolOut, status_code=201)
@needs(Permission.COUPONS_WRITE)
async def create_pool(request: Request, actor: CurrentActor, body: PoolIn) -> Response:
    """An empty pool; add its codes next."""

    async def work(session: Any) -> PoolOut:
        return PoolOut.model_validate(await coupon_pools.create_pool(session, actor, **body.model_dump()))

    return await once(request, key_owner(actor), PoolOut, work, location="/api/v1/coupon-pools/{id}")


@router.post("/file", response_model=AddedCodes, openapi_extra=_FORM)
@needs(Permission.COUPONS_WRITE)
async def add_file(request: Request, actor: CurrentActor) -> object:
    """Codes from a file, one a line or in the column of a CSV that is headed Code, else its first; up to a million.
    Known ones are left alone."""
    require(actor, Permission.COUPONS_WRITE)  # before the file is taken in
    async with file_form(request, fields=2, part_bytes=1024) as form:
        file, pool = form.get("file"), form.get("pool_id")
        if not isinstance(file, UploadFile):
            raise Malformed("Send the file as multipart/form-data in the part `file`.", field="file")
        if unknown := sorted(set(form) - {"file", "pool_id"}):
            raise Malformed(f"{unknown[0]} is not a field of this form", field=unknown[0])
        pool_id = parse_id(pool if isinstance(pool, str) else "", "pool_id")
        encoding = guess_encoding(await file.read(HEAD))
        await file.seek(0)
        lines = io.TextIOWrapper(file.file, encoding=encoding, errors=AS_WINDOWS)
        try:
            async with transaction() as session:
                return await coupon_pools.add_codes(session, actor, pool_id, lines)
        finally:
            lines.detach()


@router.get("/{id}", response_model=PoolOut)
@needs(Permission.COUPONS_READ)
async def get_pool(response: Response, actor: CurrentActor, pool_id: Id) -> object:
    """One pool and how far it is used up."""
    async with transaction() as session:
        row = await coupon_pools.get_pool(session, actor, pool_id)
    tag(response, content(row, *SET_UP))
    return row


async def _version(session: Session, actor: Actor, pool_id: UUID) -> str:
    return content(await coupon_pools.get_pool(session, actor, pool_id), *SET_UP)


@router.patch("/{id}", response_model=PoolOut)
@needs(Permission.COUPONS_WRITE)
async def update_pool(
    request: Request, response: Response, actor: CurrentActor, pool_id: Id, body: PoolPatch
) -> object:
    """Its name, whether it is standing, when its notice comes. The discount stays: codes of it are with people."""
    async with transaction() as session:
        await check_unchanged(session, request, lambda: _version(session, actor, pool_id))
        row = await coupon_pools.update_pool(session, actor, pool_id, **body.model_dump(exclude_unset=True))
    tag(response, content(row, *SET_UP))
    return row


@router.post("/{id}/codes", response_model=AddedCodes)
@needs(Permission.COUPONS_WRITE)
async def add_codes(actor: CurrentActor, pool_id: Id, body: CodesIn) -> object:
    """Codes as a list. Known ones are left alone, so that sending it again does no harm."""
    async with transaction() as session:
        return await coupon_pools.add_codes(session, actor, pool_id, body.codes)


@router.post("/{id}/discard", response_model=PoolOut)
@needs(Permission.COUPONS_WRITE)
async def discard_codes(actor: CurrentActor, pool_id: Id) -> object:
    """Remove the codes nobody has got yet, as when the till no longer takes them."""
    async with transaction() as session:
        await coupon_pools.discard_codes(session, actor, pool_id)
        return await coupon_pools.get_pool(session, actor, pool_id)


@router.delete("/{id}", status_code=204)
@needs(Permission.COUPONS_WRITE)
async def delete_pool(request: Request, actor: CurrentActor, pool_id: Id) -> Response:
    """Remove a pool of which no code was given away."""
    async with transaction() as session:
        await check_unchanged(session, request, lambda: _version(session, actor, pool_id))
        await coupon_pools.delete_pool(session, actor, pool_id)
    return Response(status_code=204)
