"""The one Jinja environment, and how its pages show figures, amounts and names.

Loading it costs a cold start: import it where a page is rendered.
"""

import re
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape

from lambdas.domain.evaluation.comparisons import UNBOUNDED, Comparison
from lambdas.domain.evaluation.macro_f1 import MACRO_F1
from lambdas.domain.evaluation.metrics.classification import Classification
from lambdas.domain.evaluation.significance import LARGEST, LEAST_FOR_BOOTSTRAP, LEAST_UNBOUNDED
from lambdas.domain.report.error_list import shortened
from lambdas.domain.report.success_message import METRIC_NAMES

# A model's version and date, which tell nothing beside a picture; the tables have them.
_VERSION = re.compile(r"-\d{8}|-v\d+[-:]\d+(?=$|-few)|-v\d+:\d+$")
_PROVIDER = re.compile(r"^(?:[a-z]{2,5}\.)?[a-z0-9]+\.(?=\D)")
_LABEL_LENGTH = 30
_CONFUSIONS = 20


@cache
def environment() -> Environment:
    """Templates see undefined names as errors, and escape every text that is no Markup."""
    made = Environment(
        loader=PackageLoader("lambdas.domain.report"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters = (
        figure,
        counted,
        signed,
        interval_words,
        why_no_interval,
        metric_name,
        label,
        p_value,
        money,
        price,
        change,
        cost_item,
        breakable,
        shortened,
        code,
        confused,
        weakest_labels,
    )
    made.filters.update({each.__name__: each for each in filters})
    return made


def figure(value: float | None, digits: int = 1) -> str:
    """A number for reading, a dash where there is none."""
    return "–" if value is None else f"{value:,.{digits}f}"  # noqa: RUF001 - an en dash is meant


def counted(value: float | None, one: str) -> str:
    """A number with its word in the singular or the plural; a dash where there is none."""
    return f"{figure(value, 0)} {one if value == 1 else f'{one}s'}"


def signed(value: float | None, digits: int = 1) -> str:
    """A difference for reading, with its sign; a dash where there is none."""
    return "–" if value is None else f"{value:+,.{digits}f}"  # noqa: RUF001 - an en dash is meant


def interval_words(entry: Comparison, digits: int = 1) -> str:
    """A comparison's interval for reading; empty where there is none."""
    found = within_range(entry)
    return f"{signed(found[0], digits)} to {signed(found[1], digits)}" if found else ""


def why_no_interval(entry: Comparison) -> str:
    """Why a comparison has no interval."""
    if entry.metric == MACRO_F1 and entry.groups >= LEAST_FOR_BOOTSTRAP:
        return "a label is too rare"
    alike = entry.p_value is not None or (entry.metric in UNBOUNDED and entry.groups >= LEAST_UNBOUNDED)
    return "all groups alike" if alike else "too few groups"


def within_range(entry: Comparison) -> tuple[float, float] | None:
    """A comparison's interval without what no difference of scores can be: earlier versions wrote such intervals."""
    if entry.interval is None or entry.metric in UNBOUNDED:
        return entry.interval
    low, high = entry.interval
    return max(low, -LARGEST), min(high, LARGEST)


def confused(found: Classification) -> list[tuple[str, str | None, int]]:
    """The commonest wrong answers: the reference's label, the answer's (None for no label), and how many they are."""
    labels: list[str | None] = [*found.labels, None]
    wrong = [
        (wanted, given, n)
        for wanted, row in zip(found.labels, found.confusion, strict=True)
        for given, n in zip(labels, row, strict=True)
        if n and given != wanted
    ]
    return sorted(wrong, key=lambda each: -each[2])[:_CONFUSIONS]


def weakest_labels(found: Classification, most: int) -> list[str]:
    """The labels by F1, the lowest first; those that are alike in their order."""
    return sorted(found.by_label, key=lambda one: found.by_label[one].f1)[:most]


def p_value(value: float | None) -> str:
    """A p-value for reading: no more digits than the resamples give."""
    if value is None:
        return "–"  # noqa: RUF001 - an en dash is meant
    return "<\N{NO-BREAK SPACE}0.001" if value < 0.001 else f"{value:.3f}"


def money(usd: float | None) -> str:
    """An amount for reading; "unknown" where a price is."""
    if usd is None:
        return "unknown"
    return "<\N{NO-BREAK SPACE}0.01" if 0 < usd < 0.01 else f"{usd:,.2f}"


def price(usd: float | None) -> str:
    """A unit price with all its digits: some are millionths."""
    return "unknown" if usd is None else f"{usd:,.8f}".rstrip("0").rstrip(".")


def change(usd: float | None) -> str:
    """A difference between amounts for reading: a little is not nothing."""
    if usd is None:
        return "unknown"
    return "<\N{NO-BREAK SPACE}0.01" if 0 < abs(usd) < 0.005 else f"{usd:+,.2f}" if usd else "0.00"


def cost_item(item: str) -> str:
    """A line of the costs with the judge's name made short: `judging by claude-3-sonnet, input`."""
    what, by, rest = item.partition(" by ")
    model_id, comma, side = rest.rpartition(", ")
    return f"{what}{by}{label(model_id)}{comma}{side}" if by else item


def breakable(name: str) -> Markup:
    """A name such as learningRateMultiplier that a narrow column may break between its words."""
    return Markup("<wbr>").join(re.split(r"(?<=[a-z])(?=[A-Z])", name))


def code(text: str) -> Markup:
    """A text with what stands in backticks as code."""
    parts = (escape(part) for part in text.split("`"))
    return Markup().join(Markup("<code>{}</code>").format(part) if at % 2 else part for at, part in enumerate(parts))


def metric_name(metric: str) -> str:
    """A metric's name for reading."""
    return METRIC_NAMES.get(metric, metric)


def label(name: str) -> str:
    """A model's or arm's name short enough to stand beside a picture: `claude-3-sonnet-few-shot-3`."""
    short = _VERSION.sub("", _PROVIDER.sub("", name))
    return short if len(short) <= _LABEL_LENGTH else f"{short[:18]}…{short[-11:]}"
