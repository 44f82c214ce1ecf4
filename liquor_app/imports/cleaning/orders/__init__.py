"""Whole orders: rows that belong together, sums that stand beside lines, orders packed in one cell. Pure."""
