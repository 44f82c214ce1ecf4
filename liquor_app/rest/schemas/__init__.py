"""Shapes of the routes."""
