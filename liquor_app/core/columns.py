"""Column shorthands, so that a table reads like its documentation.

Each returns a fresh SQLModel field. Defaults exist on both sides: in Python for objects, in the database for
`INSERT … SELECT`.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Double,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    SmallInteger,
    Text,
    TypeDecorator,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.engine import Dialect
from sqlmodel import Field, SQLModel

from liquor_app.core.clock import now
from liquor_app.core.ids import uuid7

SQLModel.metadata.naming_convention = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
).naming_convention


class EnumText(TypeDecorator[StrEnum]):
    """A StrEnum kept as text: a string in SQL, a member in Python."""

    impl = Text
    cache_ok = True

    def __init__(self, options: type[StrEnum]) -> None:
        super().__init__()
        self.options = options

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else self.options(value).value

    def process_result_value(self, value: str | None, dialect: Dialect) -> StrEnum | None:
        return None if value is None else self.options(value)


def pk() -> Any:
    """UUIDv7 primary key."""
    return Field(default_factory=uuid7, sa_column=Column(Uuid, primary_key=True, server_default=text("uuid_v7()")))


def ref(target: str, *, ondelete: str = "CASCADE", nullable: bool = False, primary: bool = False) -> Any:
    """Foreign key to `table.column`."""
    column: Column[Any] = Column(
        Uuid, ForeignKey(target, ondelete=ondelete), nullable=nullable and not primary, primary_key=primary
    )
    return Field(default=None, sa_column=column) if nullable else Field(sa_column=column)


def plain_uuid(*, nullable: bool = True, primary: bool = False) -> Any:
    """Return a UUID that deliberately has no foreign key."""
    column: Column[Any] = Column(Uuid, nullable=nullable and not primary, primary_key=primary)
    return Field(default=None, sa_column=column) if nullable else Field(sa_column=column)


def choice(name: str, options: type[StrEnum], default: StrEnum | None = None, *, nullable: bool = False) -> Any:
    """Return a StrEnum stored as text with a CHECK named after the column."""
    allowed = ", ".join(f"'{option.value}'" for option in options)
    column: Column[Any] = Column(
        EnumText(options),
        CheckConstraint(f"{name} IN ({allowed})", name=name),
        nullable=nullable,
        server_default=default.value if default is not None else None,
    )
    if default is not None:
        return Field(default=default, sa_column=column)
    return Field(default=None, sa_column=column) if nullable else Field(sa_column=column)


def words(
    *, nullable: bool = False, default: str | None = None, unique: bool = False, primary: bool = False, called: str = ""
) -> Any:
    """Text.

    Args:
        called: the column's name, where the field's is another: a model has attributes of its own.
    """
    column: Column[Any] = Column(
        called or None, Text, nullable=nullable and not primary, server_default=default, unique=unique or None,
        primary_key=primary,
    )  # fmt: skip
    if default is not None:
        return Field(default=default, sa_column=column)
    return Field(default=None, sa_column=column) if nullable else Field(sa_column=column)


def whole(*, default: int | None = 0, nullable: bool = False, small: bool = False) -> Any:
    """Integer."""
    column: Column[Any] = Column(
        SmallInteger if small else Integer,
        nullable=nullable,
        server_default=None if default is None or nullable else str(default),
    )
    return Field(default=None if nullable else default, sa_column=column)


def ratio(*, nullable: bool = True) -> Any:
    """Return a probability or share as double precision."""
    return Field(default=None, sa_column=Column(Double, nullable=nullable))


def exact(precision: int = 12, *, nullable: bool = False, scale: int = 2) -> Any:
    """Return money or another exact number."""
    column: Column[Any] = Column(Numeric(precision, scale), nullable=nullable, server_default=None if nullable else "0")
    return Field(default=None if nullable else 0, sa_column=column)


def flag(*, default: bool = False) -> Any:
    column: Column[Any] = Column(Boolean, nullable=False, server_default=text("true" if default else "false"))
    return Field(default=default, sa_column=column)


def moment(*, nullable: bool = True) -> Any:
    """timestamptz."""
    column: Column[Any] = Column(DateTime(timezone=True), nullable=nullable)
    return Field(default=None, sa_column=column) if nullable else Field(sa_column=column)


def stamped(*, primary: bool = False) -> Any:
    """timestamptz that defaults to now."""
    column: Column[datetime] = Column(
        DateTime(timezone=True), nullable=False, server_default=func.now(), primary_key=primary
    )
    return Field(default_factory=now, sa_column=column)


def day(*, nullable: bool = False) -> Any:
    column: Column[date] = Column(Date, nullable=nullable)
    return Field(default=None, sa_column=column) if nullable else Field(sa_column=column)


def document(*, nullable: bool = True, empty: str | None = None) -> Any:
    """JSONB; `empty` is the literal default (`{}` or `[]`)."""
    column: Column[Any] = Column(
        JSONB(none_as_null=True),
        nullable=nullable and empty is None,
        server_default=text(f"'{empty}'::jsonb") if empty else None,
    )
    if empty:
        return Field(default_factory=dict if empty == "{}" else list, sa_column=column)
    return Field(default=None, sa_column=column)


def texts(*, default: str = "{}") -> Any:
    """Array of text."""
    column: Column[Any] = Column(ARRAY(Text), nullable=False, server_default=default)
    return Field(default_factory=list, sa_column=column)


def blob(*, nullable: bool = True) -> Any:
    column: Column[Any] = Column(LargeBinary, nullable=nullable)
    return Field(default=None, sa_column=column) if nullable else Field(sa_column=column)
