"""Columns that are left out of a file and might have changed what it comes to: asked about, never silent."""
