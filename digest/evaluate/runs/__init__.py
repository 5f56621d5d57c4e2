"""Runs of an evaluation, and their folders."""
