"""Rows of a file, one module a format."""
