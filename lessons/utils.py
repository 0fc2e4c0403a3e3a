"""Leads ``from utils import ...`` in a lesson to ``utils.py`` in the folder above."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
del sys.modules["utils"]  # this file, so that the next line finds the other one
import utils  # noqa: E402, F401
