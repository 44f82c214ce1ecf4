"""What recipients may see and say without signing in."""
