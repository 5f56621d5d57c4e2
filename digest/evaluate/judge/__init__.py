"""Judges, their calibration and verdicts."""
