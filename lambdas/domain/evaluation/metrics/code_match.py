"""Answers that are code, such as SQL: whether they have the same tokens.

White space, comments and the case of SQL's keywords do not count; punctuation, names, numbers and the texts within
quotes do. A semicolon at the end does not. Two programs that do the same in other words are different here: nothing is
run.
"""

import re

_TOKEN = re.compile(
    r"""
    (?P<comment>(?<!\w)--[^\n]*|/\*.*?(?:\*/|\Z)|\#(?!include|define|!)[^\n]*)
    # Texts and quoted names, as they are; one that is not closed goes to the end.
    |'(?:[^'\\]|\\.|'')*+(?:'|\\?\Z)|"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|`[^`]*+(?:`|\Z)
    |[^\W\d]\w*                                          # words
    |\d+(?:\.\d+)?(?:[eE][+-]?\d+)?
    |<=>|<>|!=|<=|>=|==|=>|->|\|\||&&|::|\*\*|//         # operators of several characters
    |\S
    """,
    re.VERBOSE | re.DOTALL,
)
_KEYWORDS = re.compile(
    r"(?:all|alter|and|any|as|asc|avg|between|by|case|cast|count|create|cross|delete|desc|distinct|drop|else|end|except"
    r"|exists|from|full|group|having|if|in|inner|insert|intersect|into|is|join|left|like|limit|max|min|not|null|offset"
    r"|on|or|order|outer|over|partition|right|select|set|sum|table|then|union|update|using|values|view|when|where|with)",
    re.IGNORECASE,
)
_SQL = re.compile(r"\s*(?:select|with|insert|update|delete|create|alter|drop|merge)\b", re.IGNORECASE)
_PROGRAM = re.compile(
    r"\s*(?:def|class|async|import|from|function|const|let|var|public|private|package|using|func|fn|module|package)\s+\w"
    r"|\s*(?:#include|#!|<\?php|<!doctype|<html|```)",
    re.IGNORECASE,
)
_CLAUSE = re.compile(r"\b(?:from|into|set|table|view|values)\b", re.IGNORECASE)
_CODE_SIGNS = re.compile(r"[;{}()=<>]")


def code_tokens(text: str) -> list[str]:
    """The tokens of a text of code, SQL's keywords in lower case, without comments."""
    found = [match[0] for match in _TOKEN.finditer(text) if not match["comment"]]
    while found and found[-1] == ";":
        found.pop()
    return ["<>" if one == "!=" else one.lower() if _KEYWORDS.fullmatch(one) else one for one in found]


def code_match(response: str, reference: str) -> float:
    """100 where both have the same tokens, else 0."""
    return 100.0 if code_tokens(response) == code_tokens(reference) else 0.0


def is_code(text: str) -> bool:
    """Whether a text looks like a statement of SQL or a program: by its first word, and signs that prose lacks."""
    if _PROGRAM.match(text):
        return _CODE_SIGNS.search(text) is not None or "```" in text
    # A sentence may begin with "Select", and ends with a full stop.
    return _SQL.match(text) is not None and _CLAUSE.search(text) is not None and not text.rstrip().endswith(".")
