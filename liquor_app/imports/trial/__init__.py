"""What an import would do, told before it does it."""
