"""The formats that records come in, recognised by their keys, and the one canonical record that all become.

Each format has a module of its own. Conversions lose nothing: each text arrives as it is.
"""

from lambdas.domain.dataset.formats.record import (
    DEFAULT_CONTEXT_TAG,
    GROUP_KEY,
    Conversion,
    Record,
    SourceFormat,
    Text,
)
from lambdas.domain.dataset.formats.refused import RefusedFormat
from lambdas.domain.dataset.formats.registry import (
    BY_NAME,
    FORMATS,
    changes,
    classify,
    detect,
    texts,
    to_record,
)
from lambdas.domain.dataset.formats.writers import dump

__all__ = [
    "BY_NAME",
    "DEFAULT_CONTEXT_TAG",
    "FORMATS",
    "GROUP_KEY",
    "Conversion",
    "Record",
    "RefusedFormat",
    "SourceFormat",
    "Text",
    "changes",
    "classify",
    "detect",
    "dump",
    "texts",
    "to_record",
]
