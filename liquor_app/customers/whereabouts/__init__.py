"""Where somebody may be: what ZIP codes and area codes say."""
