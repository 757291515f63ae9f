"""Which data set won, in words."""

from collections.abc import Mapping, Sequence

from lambdas.domain.core.listing import listed
from lambdas.domain.evaluation.comparisons import Comparison
from lambdas.domain.report.compared_data import ComparedData, is_shown
from lambdas.domain.report.gain_words import in_sentence


def tell_data(compared: ComparedData, metric_name: str) -> str:
    """Which data set won, by how much, and between which no difference is shown."""
    name, shown = in_sentence(metric_name), compared.shown()
    untested = [each.data for each in compared.sets if each.score is None]
    said = [_tell_winner(compared, shown, name)]
    values: dict[str, float] = {each.data: each.score for each in compared.sets if each.score is not None}
    said += [_tell_open(each, values, name) for each in compared.comparisons if not is_shown(each)]
    if untested:
        said.append(f"No model that was trained on {_list(untested)} answered the test set.")
    return " ".join(said)


def tell_choice(compared: ComparedData, chosen: int | None) -> str:
    """What the verdict is about where that is not the data set that won; empty where it is."""
    candidates = {each.data: each.candidate for each in compared.sets}
    if compared.winner is None or chosen is None or candidates[compared.winner] == chosen:
        return ""
    return (
        f"The verdict is about candidate {chosen}, which was chosen before any answered the test set. To use the data "
        f"set that won, train on it alone: set compare aside."
    )


def _tell_winner(compared: ComparedData, shown: Sequence[Comparison], name: str) -> str:
    if compared.winner is not None:
        won = [each for each in shown if each.arm == compared.winner]
        return f"The data set {compared.winner} won: it scores {_tell_differences(won, name)}."
    if not shown:
        return "No data set has won: no difference between them is shown."
    better = list(dict.fromkeys(each.arm for each in shown))
    told = "; ".join(
        f"{data} scores {_tell_differences([each for each in shown if each.arm == data], name)}" for data in better
    )
    return f"No data set is shown to do better than all others: {told}."


def _tell_differences(shown: Sequence[Comparison], name: str) -> str:
    """Each with its interval, the metric once."""
    told = []
    for place, each in enumerate(shown):
        points = f"{each.difference:.1f} {f'points of {name} ' if place == 0 else ''}above {each.against}"
        low, high = each.interval or (0.0, 0.0)
        told.append(f"{points} ({low:.1f} to {high:.1f})")
    return listed(told, len(told))


def _tell_open(found: Comparison, values: Mapping[str, float], name: str) -> str:
    """A pair whose difference may be chance, and from where on this test set would have told."""
    arm, against = found.arm, found.against
    told = f"{arm.capitalize()} ({values[arm]:.1f}) against {against} ({values[against]:.1f})"
    if found.interval is None:
        return f"{told}: {found.difference:+.1f} points of {name}, with too few groups of test records for an interval."
    low, high = found.interval
    seen = f" From {found.detectable:.1f} points on, this test set would likely show it." if found.detectable else ""
    return f"{told}: {found.difference:+.1f} points of {name} ({low:+.1f} to {high:+.1f}), which may be chance.{seen}"


def _list(names: Sequence[str]) -> str:
    return listed(names, len(names))
