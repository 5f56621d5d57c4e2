"""Gold sets."""
