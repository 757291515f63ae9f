"""Whether an answer states the reference's numbers, as questions on financial reports need it.

The rules, in full:
- A minus sign, or parentheses around the number alone, make it negative. Words such as "decrease" carry no sign.
- `%`, "percent", "per cent" and "pct" mean a hundredth; thousand, million, billion, trillion and k, m, mn, mm, b, bn,
  tn scale. Commas separate thousands, the point decimals. In a list (`1,598, 163 thousand`) what stands after the last
  number holds for those before it that have nothing of their own.
- Two numbers are equal where the answer's, rounded to the last digit that the reference states, is the reference's:
  `73.684%` answers `73.68%`, `73.7%` does not, `35.2 million` answers `35 million`. A number exactly between two
  roundings equals both. Different currency signs differ; a missing one does not.
- An answer matches where its numbers are the reference's, in the same order, and no others: listing guesses does not
  help. Only years and days of a month may stand beside them, unless the reference has such numbers itself.
"""

import re
from collections.abc import Iterator
from decimal import Context, Decimal
from typing import NamedTuple

# Far more digits than any figure that is meant as one.
_EXACT = Context(prec=100)
# By the first letters: "k", "thousands"; "m", "mn", "mm", "million"; "b", "bn", "billion"; "tn", "trillion"; "pct", …
_EXPONENTS = {"k": 3, "th": 3, "m": 6, "b": 9, "tn": 12, "tr": 12, "%": -2, "p": -2}
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,9}+\b\.?"
_DAY_BEFORE = re.compile(rf"{_MONTH}\s$", re.IGNORECASE)
_DAY_AFTER = re.compile(rf"\s(?:of\s)?{_MONTH}", re.IGNORECASE)
_LIST_SEPARATOR = re.compile(r"\s*+(?:,?+\s*+\band\b|[,;&])\s*+", re.IGNORECASE)
_NUMBER = re.compile(
    r"""
    (?<![A-Za-z0-9_])                   # FY19 has no number, and the dash of 5-7 is no sign
    (?P<minus>[-\u2212\u2013])?
    (?P<open>\()?
    (?:[A-Z]{1,3}(?=[$€£¥]))?           # US$5
    (?P<currency>[$€£¥₹])?\ ?
    (?P<inner>[-\u2212\u2013(])?        # $(0.28), $-5
    (?P<digits>(?>[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])|[0-9]+|(?=\.[0-9])))
    (?P<decimals>(?>\.[0-9]+)?)
    (?P<ordinal>(?:st|nd|rd|th)\b)?     # 3rd quarter: no number, and nothing in it is one
    (?P<close>\))?
    (?:\s?(?P<percent>%)|[\s-]?(?P<scale>percent|per\ cent|pct
        |thousands?|millions?|billions?|trillions?|k|mn|mm|m|bn|b|tn)\b)?
    (?P<outer>\))?
    """,
    re.IGNORECASE | re.VERBOSE,
)


class Quantity(NamedTuple):
    """A number of a text: its value, the worth of its last stated digit, its currency sign and scale, its place."""

    value: Decimal
    last_digit: Decimal
    currency: str
    is_date: bool
    exponent: int | None
    start: int
    end: int


def numeric_match(response: str, reference: str) -> float | None:
    """100 where the answer's numbers are the reference's, else 0; None where the reference is more than numbers."""
    if not is_numeric(reference):
        return None
    wanted, given = quantities(reference), quantities(response)
    if not any(number.is_date for number in wanted):
        given = [number for number in given if not number.is_date]
    same = len(given) == len(wanted) and all(map(_equal, given, wanted))
    return 100.0 if same else 0.0


def same_figures(response: str, reference: str) -> bool:
    """Whether an answer states the reference's figures, a scale, `%` or currency that one side leaves out aside."""
    wanted, given = quantities(reference), quantities(response)
    if not any(number.is_date for number in wanted):
        given = [number for number in given if not number.is_date]
    return len(given) == len(wanted) and all(map(_equal_but_for_its_unit, given, wanted))


def has_same_figures(one: str, other: str) -> bool:
    """Whether two texts have the same figures in any order, aside from units and dates that only one of them states."""
    sides = quantities(one), quantities(other)
    if not all(any(number.is_date for number in side) for side in sides):
        sides = ([each for each in sides[0] if not each.is_date], [each for each in sides[1] if not each.is_date])
    return all(
        any(_equal_but_for_its_unit(each, known) or _equal_but_for_its_unit(known, each) for known in theirs)
        for own, theirs in (sides, sides[::-1])
        for each in own
    )


def is_numeric(text: str) -> bool:
    """Whether a text is nothing but numbers, with commas, semicolons, `&` or "and" between them."""
    found = quantities(text)
    if not found:
        return False
    between = zip([0, *(number.end for number in found)], [*(number.start for number in found), len(text)], strict=True)
    gaps = [text[start:end] for start, end in between]
    return (
        not gaps[0].strip()
        and gaps[-1].strip() in ("", ".")
        and all(_LIST_SEPARATOR.fullmatch(gap) for gap in gaps[1:-1])
    )


def quantities(text: str) -> list[Quantity]:
    """The numbers in a text, in order; those of a list have the scale of the list's end."""
    found = list(_stated(text))
    for place in range(len(found) - 2, -1, -1):
        number, following = found[place], found[place + 1]
        listed = _LIST_SEPARATOR.fullmatch(text, number.end, following.start)
        if listed and following.exponent is not None and number.exponent is None and not number.is_date:
            found[place] = number._replace(
                value=_EXACT.scaleb(number.value, following.exponent),
                last_digit=_EXACT.scaleb(number.last_digit, following.exponent),
                exponent=following.exponent,
            )
    return found


def _stated(text: str) -> Iterator[Quantity]:
    for match in _NUMBER.finditer(text):
        if match["ordinal"]:
            continue
        digits, decimals, currency = match["digits"], match["decimals"], match["currency"] or ""
        scale = match["percent"] or match["scale"]
        exponent = _exponent(scale) if scale else 0
        enclosed = bool(match["close"] or match["outer"]) and (bool(match["open"]) or match["inner"] == "(")
        is_plain = not (scale or currency or decimals or match["minus"] or "," in digits)
        value = Decimal((digits + decimals).replace(",", ""))
        is_year = is_plain and len(digits) == 4 and 1900 <= value < 2100
        is_date = is_year or (is_plain and _is_day(text, match.start("digits"), match.end("digits"), value))
        is_negative = bool(match["minus"]) or match["inner"] not in (None, "(") or (enclosed and not is_date)
        # What was opened or closed beyond the number belongs to the sentence.
        start = match.start() if enclosed or not match["open"] else match.end("open")
        yield Quantity(
            value=_EXACT.scaleb(-value if is_negative else value, exponent),
            last_digit=Decimal((0, (1,), exponent - max(0, len(decimals) - 1))),
            currency=currency,
            is_date=is_date,
            exponent=exponent if scale else None,
            start=start,
            end=match.end(),
        )


def _is_day(text: str, start: int, end: int, value: Decimal) -> bool:
    """Whether a number is the day in a date such as `December 31` or `31 December`."""
    return 1 <= value <= 31 and bool(
        _DAY_BEFORE.search(text[max(0, start - 12) : start]) or _DAY_AFTER.match(text, end)
    )


def _exponent(scale: str) -> int:
    scale = scale.lower()
    return next(exponent for start, exponent in _EXPONENTS.items() if scale.startswith(start))


def _equal_but_for_its_unit(given: Quantity, wanted: Quantity) -> bool:
    if _equal(given, wanted):
        return True
    if (given.exponent is None) == (wanted.exponent is None):
        return False
    return _equal(_without_scale(given), _without_scale(wanted))


def _without_scale(number: Quantity) -> Quantity:
    exponent = -(number.exponent or 0)
    return number._replace(
        value=_EXACT.scaleb(number.value, exponent),
        last_digit=_EXACT.scaleb(number.last_digit, exponent),
        exponent=None,
    )


def _equal(given: Quantity, wanted: Quantity) -> bool:
    if given.currency and wanted.currency and given.currency != wanted.currency:
        return False
    return _EXACT.abs(_EXACT.subtract(given.value, wanted.value)) * 2 <= wanted.last_digit
