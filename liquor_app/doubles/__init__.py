"""People who stand in the base twice: found, compared, merged, taken apart again."""
