"""Where the project lies on this machine. Nothing heavy is imported here: the command line's help reads it."""

from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
