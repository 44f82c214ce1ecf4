"""The AI planner: what it is told, how it is asked, what of its answer is taken."""
