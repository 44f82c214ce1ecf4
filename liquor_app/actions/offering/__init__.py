"""What an offer means for whoever gets it."""
