"""Runs migrations on the configured database, one migrator at a time."""

import re
import warnings

from sqlalchemy import create_engine, pool, text

from alembic import context
from liquor_app.core.columns import EnumText
from liquor_app.core.platform.runtime_info import database_url
from liquor_app.schema import TIME_SERIES, metadata

# the trigram index is an expression with an operator class, which Alembic does not compare
warnings.filterwarnings("ignore", message="Expression #1")

MIGRATION_LOCK = 7_311_902_244
_PARTITION = re.compile(rf"^({'|'.join(TIME_SERIES)})_(p\d{{6}}|default)")


def include_name(name, type_, parent_names):
    """Partitions are data, not schema; neither they nor what belongs to them takes part in drift checks."""
    if type_ == "table":
        return name is None or (not _PARTITION.match(name) and not name.startswith("_"))
    return True


OF_EXPRESSIONS = {"ix_audit_log_outcome"}
"""Indexes PostgreSQL writes in words of its own (CASE, ~~), which Alembic takes for others."""


def include_object(item, name, type_, reflected, compare_to):
    """Hypertables drop the declarative partitioning and add an index of their own; both are expected."""
    if type_ == "index" and name in OF_EXPRESSIONS:
        return False
    return not (type_ == "index" and reflected and compare_to is None and name.endswith("_idx"))


def render_item(type_, item, autogen_context):
    return "sa.Text()" if type_ == "type" and isinstance(item, EnumText) else False


def run() -> None:
    url = context.config.attributes.get("url") or database_url()
    engine = create_engine(
        url,
        poolclass=pool.NullPool,
        hide_parameters=True,
        connect_args={"connect_timeout": 5, "prepare_threshold": None},
    )
    with engine.connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": MIGRATION_LOCK})
        connection.commit()
        context.configure(
            connection=connection,
            target_metadata=metadata,
            include_name=include_name,
            include_object=include_object,
            render_item=render_item,
            compare_type=True,
            transaction_per_migration=True,
        )
        try:
            with context.begin_transaction():
                context.run_migrations()
        finally:
            connection.rollback()
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": MIGRATION_LOCK})
            connection.commit()
    engine.dispose()


run()
