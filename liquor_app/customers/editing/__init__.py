"""Changing what is on file of one customer."""
