"""Texts from outside within a prompt: data, never instructions to the model that reads them.

Each text stands, escaped, between tags whose names end in a mark that none of the texts has, so no text can close its
tag or open another.
"""

import hashlib
from collections.abc import Mapping
from string import Template
from xml.sax.saxutils import escape

_MARK_CHARACTERS = 12


def fill(template: str, texts: Mapping[str, str]) -> str:
    """The template with each text, escaped, in the place of its name, and the mark in the place of `mark`."""
    escaped = {name: escape(text) for name, text in texts.items()}
    # Template fills each place once: what stands in a text is not looked at again.
    return Template(template).substitute(escaped, mark=mark(texts))


def mark(texts: Mapping[str, str]) -> str:
    """The end of the tags' names: the same for the same texts, and in none of them."""
    digest = hashlib.sha256()
    for text in texts.values():
        digest.update(hashlib.sha256(text.encode(errors="surrogatepass")).digest())
    while any(digest.hexdigest()[:_MARK_CHARACTERS] in text for text in texts.values()):
        digest.update(b"again")
    return digest.hexdigest()[:_MARK_CHARACTERS]
