"""What stands around the work itself: background jobs, notices, questions kept under a name."""
