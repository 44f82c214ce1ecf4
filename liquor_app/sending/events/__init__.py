"""What providers and recipients tell us later, and what follows from it."""
