"""Between a plan and its messages: what stands against it, who may approve it, how far the system goes by itself."""
