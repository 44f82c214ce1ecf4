"""What the exports of one tool look like: a file each, a line each in the registry. Pure data."""
