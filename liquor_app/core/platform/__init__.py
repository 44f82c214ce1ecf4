"""Running the product: embedded engines, children, the frontend, logs, the schema."""
