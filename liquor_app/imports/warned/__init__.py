"""Rows that were taken with a warning."""
