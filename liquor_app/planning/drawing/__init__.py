"""What a plan leaves to chance."""
