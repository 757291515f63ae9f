"""The verdict's reasons for whoever decides: what was found, what it means, what to do, and the figures beside it."""

from typing import NamedTuple

from lambdas.domain.core.counted import counted
from lambdas.domain.core.fact import Fact
from lambdas.domain.evaluation.arms import BASE, CHAMPION
from lambdas.domain.evaluation.significance import Difference


class Explained(Fact):
    """A reason in plain words; null where there is nothing to say.

    `figures` is the same reason as a statistician reads it, null where `found` is all there is.
    """

    found: str
    meaning: str | None = None
    advice: str | None = None
    figures: str | None = None


class Rated(NamedTuple):
    """What the tuned model is compared with: an arm's name, the examples it was shown, and the difference from it."""

    against: str
    examples: int
    gain: Difference

    @property
    def other(self) -> str:
        """The other model, in words."""
        if self.examples:
            return f"the base model with {counted(self.examples, 'example')} in its prompt"
        return {BASE: "the base model", CHAMPION: "the present champion"}.get(self.against, self.against)

    @property
    def found(self) -> str:
        """On how many records the tuned model does better, and by how much on average."""
        gain, other = self.gain, self.other
        side = "more" if gain.difference >= 0 else "less"
        mean = f"{abs(gain.difference):.1f} points {side} of 100"
        if not gain.above and not gain.below:
            return (
                f"The tuned model and {other} have the same points."
                if not gain.difference
                else f"The tuned model has {mean} than {other}."
            )
        same = gain.records - gain.above - gain.below
        return (
            f"The tuned model does better than {other} on {gain.above} of {gain.records} records, the same on {same}, "
            f"worse on {gain.below}: {mean} on average."
        )


def explain_gain(rated: Rated, least: float, needed: int | None, figures: str) -> Explained:
    """What a difference on the gate's metric means; `needed` groups would decide, None where none would."""
    meaning, advice = _weigh(rated, least, needed)
    return Explained(found=rated.found, meaning=meaning, advice=advice, figures=figures)


def _weigh(rated: Rated, least: float, needed: int | None) -> tuple[str, str | None]:
    """What a difference means, and what to do."""
    more = _more_groups(rated.gain, needed)
    if rated.gain.interval is None:
        if rated.gain.withheld:
            return (
                "This test set does not show whether that is luck.",
                f"Give a larger test set: {rated.gain.withheld}.",
            )
        return "So few groups of records do not show whether that is luck.", more
    low, high = rated.gain.interval
    if high <= 0:
        keep = f"Keep {rated.other}. The list of errors shows what the training data should teach better."
        use = "Use the prompt with examples instead: it needs no tuned model."
        return "Tuning has brought no gain, and that is not bad luck.", use if rated.examples else keep
    if high < least:
        return (
            f"With the luck of the draw counted in, the gain is at most {high:.1f} points, and you ask for {least:g}.",
            f"Keep {rated.other}, or ask for less (evaluation.gate.smallest_gain) if that is worth its price.",
        )
    if low <= 0:
        return (
            f"That may be luck: the true difference may be anything from {abs(low):.1f} points worse to "
            f"{high:.1f} points better.",
            more,
        )
    if low < least:
        return f"The tuned model is better, but perhaps only by {low:.1f} points, and you ask for {least:g}.", more
    return f"That is more than luck explains: the true gain is at least {low:.1f} points.", None


def explain_other(rated: Rated, figures: str) -> Explained:
    """What it means that a further model does better without being tuned."""
    return Explained(
        found=rated.found,
        meaning=f"{rated.against} may serve you better as it is, without any tuning.",
        advice="Compare what the two cost for each answer, and think of using it, or of tuning it.",
        figures=figures,
    )


def explain_limit(name: str, key: str, most: float, extra: float | None, rated: Rated, figures: str) -> Explained:
    """What a limit on how much more the tuned model may need means; `key` is its setting."""
    if extra is None:
        found, meaning = f"How much {name} the tuned model needs beside {rated.other} is not known.", None
        return Explained(found=found, meaning=meaning, advice="Look at why there are no such figures.", figures=figures)
    found = f"The tuned model needs {abs(extra):.0f} % {'more' if extra >= 0 else 'less'} {name} than {rated.other}."
    if extra <= most:
        return Explained(found=found, meaning=f"That is within the {most:+g} % that you allow.", figures=figures)
    return Explained(
        found=found,
        meaning=f"You allow {most:+g} %.",
        advice=f"Raise the limit (evaluation.gate.{key}) if the gain is worth that, or train on shorter answers.",
        figures=figures,
    )


def _more_groups(gain: Difference, needed: int | None) -> str:
    if needed is None:
        return "More test records would not tell them apart: take the two for equally good."
    return (
        f"Test on about {needed:,} groups of records that share no context instead of {gain.groups:,}, and run again: "
        "give a larger test set, or a larger share of the data as one."
    )
