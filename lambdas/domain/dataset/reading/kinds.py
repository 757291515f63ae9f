"""The kinds of files that are read, in words: docs/data-gate.md lists them."""

from collections.abc import Mapping

from lambdas.domain.core.run import FILE_ENDINGS
from lambdas.domain.dataset.reading import gunzip, workbook
from lambdas.domain.dataset.reading.table import LAYOUTS
from lambdas.domain.dataset.record_facts import MAX_RECORDS

_MEGABYTE = 1 << 20


def kinds_of_files() -> Mapping[str, str]:
    """What is read of each kind, by its name."""
    return {
        "JSON Lines": "a record a line",
        "JSON": "an array of records, or records one after another, each on one line or on several. A record's number "
        "is the line that it begins on; on a single line it is its place",
        "CSV": "columns separated by commas, semicolons, tabs or bars, with Excel's `sep=` line or without; UTF-8, or "
        f"Windows-1252 as Excel writes it. The first pair that is there counts, in any case: {_pairs()}. `system` and "
        "`group` are read beside them. Other columns are left out, and the report lists them",
        "Excel (`.xlsx`)": "the rows of the only visible sheet that has any, with columns as in CSV; at most "
        f"{workbook.MAX_PACKED_BYTES // _MEGABYTE} MB, which are held while the sheet is streamed, "
        f"and {MAX_RECORDS:,} records",
        "UTF-16, UTF-32": "any of these but Excel, with a byte order mark or without",
        "gzip": "any of these but Excel, as far as it unpacks to no more than the size limits and to "
        f"{gunzip.MAX_RATIO} times its size",
    }


def endings() -> str:
    """What the name of a data set's file may end in."""
    return ", ".join(f"`{ending}`" for ending in FILE_ENDINGS)


def _pairs() -> str:
    return ", ".join(
        " and ".join(f"`{column}`" for column in layout.needed)
        + (f" (with {' or '.join(f'`{column}`' for column in layout.optional)})" if layout.optional else "")
        for layout in LAYOUTS
    )
