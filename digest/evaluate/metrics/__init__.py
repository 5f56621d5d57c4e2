"""Metrics of one line."""
