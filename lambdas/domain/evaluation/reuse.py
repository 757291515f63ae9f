"""How often a test set has been used: each run on it is one more chance of a gain by luck."""

from collections.abc import Iterable
from hashlib import sha256

from lambdas.domain.core.fact import Fact
from lambdas.domain.evaluation.significance import CONFIDENCE

# Below it is a folder for each test set, with an object for each run that was evaluated on it.
PREFIX = "test-sets/"
_ORDINALS = {1: "st", 2: "nd", 3: "rd"}


class Reuse(Fact):
    """The report's `test_set`: what it is known by, and the number of the run among those evaluated on it.

    `luck_percent` is the chance that of so many models, none of which is better, at least one shows a gain.
    """

    sha256: str
    runs: int
    luck_percent: float


def reuse(digest: str, runs: int) -> Reuse:
    """A test set's use by its `runs`th run: an interval excludes zero by luck on the one side in 2.5 % of cases."""
    chance = 1 - ((1 + CONFIDENCE) / 2) ** runs
    return Reuse(sha256=digest, runs=runs, luck_percent=round(100 * chance, 1))


def digest_of(records: Iterable[tuple[str, str]]) -> str:
    """What a test set is known by: its prompts and references, in any order and in any model's format."""
    each = sorted(
        sha256(f"{len(prompt)} {prompt}{reference}".encode(errors="surrogatepass")).digest()
        for prompt, reference in records
    )
    return sha256(b"".join(each)).hexdigest()


def use_key(digest: str, run_id: str) -> str:
    """The object that counts a run; repeated, it counts once."""
    return f"{PREFIX}{digest}/{run_id}"


def reuse_sentence(found: Reuse) -> str | None:
    """What a reader of the verdict should know; None for the first run."""
    if found.runs < 2:
        return None
    odds = 100 / found.luck_percent
    often = f"one of {odds:.0f}" if odds >= 2.5 else f"{found.luck_percent:.0f} % of"
    return (
        f"This is the {_ordinal(found.runs)} run on this test set in this environment: of {found.runs} models that are "
        f"no better than their base, at least one shows a gain by luck in {often} cases. A new test set would tell."
    )


def _ordinal(number: int) -> str:
    ending = "th" if number % 100 in (11, 12, 13) else _ORDINALS.get(number % 10, "th")
    return f"{number}{ending}"
