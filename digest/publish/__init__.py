"""A digest as Markdown and JSON."""
