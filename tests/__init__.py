"""The tests start many processes, and each would compile the project anew if none kept what it compiled."""

import os
import sys

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
