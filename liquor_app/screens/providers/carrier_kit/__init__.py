"""The registration with carriers."""
