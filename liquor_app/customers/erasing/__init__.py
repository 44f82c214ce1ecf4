"""Who was erased, by keyed hashes alone: what comes later about them adds nobody again."""
