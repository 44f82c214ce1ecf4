"""What imports made and changed: found again, taken away, set back."""
