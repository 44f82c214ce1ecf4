"""What all routes share: who calls, and the routes of a declared list."""
