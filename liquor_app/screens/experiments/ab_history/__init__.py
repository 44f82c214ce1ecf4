"""The history of A/B tests."""
