"""Import of customers and purchases: a file of any format and dialect, streamed, a chunk a transaction."""

from liquor_app.customers.importing.cleaning.column_mapping import guess_mapping
from liquor_app.customers.importing.dry_run import (
    FilePreview,
    ImportReport,
    Trial,
    check_choices,
    inspect_file,
    try_file,
)

__all__ = ["FilePreview", "ImportReport", "Trial", "check_choices", "guess_mapping", "inspect_file", "try_file"]
