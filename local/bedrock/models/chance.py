"""Draws that depend on their arguments alone: the same question gets the same answer in every process."""

import zlib


def draw(*parts: str) -> float:
    """From 0 up to 1."""
    return zlib.crc32("\x1f".join(parts).encode(errors="surrogatepass")) / 2**32
