"""Weeks and years of days: made on this machine, or by Ray on several."""
