"""Blocks of lines: none is lost, none is numbered wrongly, and none fills the memory."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.domain.dataset.reading import blocks
from lambdas.domain.dataset.reading.blocks import read_blocks

PIECES = st.lists(st.sampled_from([b"a", b"\n", b"\r", b"bb" * 9, b"\xff", b"\n\n", "\u2028".encode()])).map(b"".join)


@given(PIECES, st.integers(1, 9), st.integers(12, 20))
def test_blocks_are_the_lines_in_their_order(data: bytes, block_bytes: int, longest: int) -> None:
    """Only line feeds end lines: a line that is lost or numbered wrongly makes every message wrong."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "BLOCK_BYTES", block_bytes)
        patch.setattr(blocks, "MAX_LINE_BYTES", longest)
        found: list[bytes | None] = []
        for block in read_blocks(io.BytesIO(data)):
            assert list(block.numbers) == list(range(len(found) + 1, len(found) + 1 + len(block.lines)))
            found += [None] if block.too_long else block.lines
    expected = data.splitlines(keepends=True) if b"\r" not in data else data.split(b"\n")
    if b"\r" in data:
        expected = [*(line + b"\n" for line in expected[:-1]), *([expected[-1]] if expected[-1] else [])]
    assert len(found) == len(expected)
    for line, whole in zip(found, expected, strict=True):
        assert line == whole if line is not None else len(whole) >= longest
