"""Bottles there are too few of: who asked, who is drawn, who is told that something is back."""
