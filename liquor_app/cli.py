"""`liquor …`: the same services as the app, from a terminal. Every command takes `--json`."""

from __future__ import annotations

import json
import sys

import typer
from rich.markup import escape

from liquor_app.commands import (
    campaigns,
    cells,
    coupons,
    data,
    importing,
    keys,
    models,
    pipeline,
    planning,
    privacy,
    running,
    users,
)
from liquor_app.commands.kit import err, permitted
from liquor_app.core.errors import AppError, Unavailable
from liquor_app.core.platform.logs import configure
from liquor_app.core.security.call_origin import COMMAND_LINE, called_from

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__, pretty_exceptions_enable=False)
for _plain in (running, pipeline, planning, models):
    app.add_typer(_plain.app)
GROUPS = (
    ("campaigns", campaigns), ("coupons", coupons), ("cells", cells), ("users", users), ("data", data),
    ("import", importing), ("keys", keys), ("privacy", privacy),
)  # fmt: skip
for _name, _group in GROUPS:
    app.add_typer(_group.app, name=_name)
for _one in (running, pipeline, planning, models, *(group for _, group in GROUPS)):
    for _command in _one.app.registered_commands:
        _command.callback = permitted(_command.callback)


def main() -> None:
    """Entry point: one line and an exit code for what a person can mend, a traceback for what only we can."""
    as_json = "--json" in sys.argv
    try:
        configure()
        with called_from(COMMAND_LINE):
            code = app(standalone_mode=False)
        if isinstance(code, int) and code:  # what a command ended with by itself: returned, not raised
            sys.exit(code)
    except AppError as error:
        if as_json:
            typer.echo(json.dumps({"error": error.code, "message": error.message, "field": error.field}))
        err.print(f"[red]{escape(error.message)}[/]", highlight=False, soft_wrap=True)
        sys.exit(error.exit_code)
    except typer.Abort:
        sys.exit(130)
    except OSError as error:
        wrapped = Unavailable(str(error))
        err.print(f"[red]{escape(wrapped.message)}[/]", highlight=False, soft_wrap=True)
        sys.exit(wrapped.exit_code)
    except Exception as error:
        usage = getattr(error, "format_message", None)  # click's
        if usage is None:
            raise
        err.print(f"[red]{escape(usage())}[/]", highlight=False, soft_wrap=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
