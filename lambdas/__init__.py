"""What ships to AWS."""

__version__ = "0.2.0"
