"""What keeps secrets secret: keys, hashes, redaction, and the one way out."""
