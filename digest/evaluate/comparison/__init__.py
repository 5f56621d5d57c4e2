"""Two variants compared: results, statistics."""
