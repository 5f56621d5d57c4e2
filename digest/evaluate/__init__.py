"""Prompt evaluation: gold, runs, metrics, statistics, judge, report."""
