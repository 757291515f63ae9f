"""What ships to AWS: one importable package.

handlers → steps → adapters → domain; `cli` imports the last three. Start at `steps/`, a file for each Task state.
"""

__version__ = "0.2.0"
