"""The background process: registers the slices' tasks, nothing more."""
