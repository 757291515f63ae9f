"""What ships to AWS."""

__version__ = "0.1.0"
