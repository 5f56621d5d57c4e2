"""From a paper to one checked Chinese line."""
