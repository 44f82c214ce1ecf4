"""The REST API: routes of every slice."""
