"""One provider, one file; registered in `providers.registry`."""
