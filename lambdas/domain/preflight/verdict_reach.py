"""Whether the test set has enough groups for a verdict to promote: told before training, which costs most."""

from collections.abc import Hashable, Sequence

from lambdas.domain.core.finding import Finding
from lambdas.domain.evaluation.promotable import groups_for, promotes, smallest_promotable_gain
from lambdas.domain.evaluation.significance import LARGEST, LEAST_FOR_BOOTSTRAP

TEST_GROUPS = "test-groups"
# Points above what the gate asks for: tuning rarely gains as much in every group.
VERY_LARGE = 20.0


def test_group_findings(groups: Sequence[Hashable], wanted: float, *, own_file: bool) -> list[Finding]:
    """A warning where no gain, or only a very large one, could promote a model.

    `groups` has each test record's, `wanted` is the gate's smallest gain; `own_file`: the user gave the test set.
    """
    count, large = len(set(groups)), min(LARGEST, wanted + VERY_LARGE)
    # The bootstrap takes seconds on large test sets, and finds gains of eight points from there on.
    if count >= LEAST_FOR_BOOTSTRAP or promotes(groups, large, wanted):
        return []
    least = smallest_promotable_gain(groups, wanted)
    could = (
        "no result could promote the tuned model, not even 100 points above its base in each of them."
        if least is None
        else f"only a gain of at least {least:.0f} points in each of them could promote the tuned model."
    )
    where = (
        "Add records with other contexts to the test file."
        if own_file
        else "Raise split.test in run.json, or upload a test.jsonl with other contexts."
    )
    return [
        Finding(
            check=TEST_GROUPS,
            severity="warning",
            message=f"The {len(groups)} test records are of {count} groups that share no context: {could}",
            remedy=f"Test on at least {groups_for(large, wanted, count)} groups. {where}",
        )
    ]
