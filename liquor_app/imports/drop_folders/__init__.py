"""Folders tills lay files in, looked at by the clock."""
