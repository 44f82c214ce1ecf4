"""Every constant statement is one the migrated database understands: tables, columns, types, functions."""

from __future__ import annotations

import psycopg
import pytest

from tests.guards.statements import put_together, statements, swallowed

pytestmark = pytest.mark.integration

PUT_TOGETHER = 80
"""Statements that only exist while running. The number may fall, and never rise: a ListSpec or a constant is checked
here, what is put together is checked by whoever happens to run it."""
MET = psycopg.errors.IndeterminateDatatype
"""A parameter whose type only its value tells."""


def test_every_constant_statement_can_be_prepared(database: str) -> None:
    wrong: list[str] = []
    with psycopg.connect(database.replace("+psycopg", ""), autocommit=True) as connection:
        for statement in statements():
            if statement.is_scratch:
                connection.execute(statement.hollow.replace("ON COMMIT DROP", ""))
        for number, statement in enumerate(statements()):
            if statement.is_scratch:
                continue
            try:
                connection.execute(f"PREPARE guard_{number} AS {statement.numbered}")
            except MET:
                continue
            except psycopg.Error as error:
                wrong.append(f"{statement}: {str(error).splitlines()[0]}")
    assert wrong == []


def test_no_statement_loses_its_braces() -> None:
    assert swallowed() == [], "write {{1,3}}"


def test_the_guard_sees_the_statements() -> None:
    assert len(statements()) > 400
    assert any(statement.module == "liquor_app.sending.pipeline.claim" for statement in statements())


def test_no_more_statements_are_put_together_while_running() -> None:
    assert len(put_together()) <= PUT_TOGETHER, put_together()
