"""Texts that a prompt has between tags whose names end in one mark, such as `<document-3fa1>…</document-3fa1>`."""

import re
from html import unescape

_TAG = re.compile(r"<(?P<end>/?)(?P<name>[a-z]{1,32})-(?P<mark>[0-9a-f]{4,64})>")


def read_marked(prompt: str) -> dict[str, str]:
    """The first text of each name, unescaped; only tags with the first tag's mark count."""
    tags = list(_TAG.finditer(prompt))
    found: dict[str, str] = {}
    opened: re.Match[str] | None = None
    for tag in tags:
        if tag["mark"] != tags[0]["mark"]:
            continue
        if not tag["end"]:
            opened = opened or tag
        elif opened is not None and tag["name"] == opened["name"]:
            found.setdefault(tag["name"], unescape(prompt[opened.end() : tag.start()]).strip())
            opened = None
    return found
