"""Whether the test set has enough groups for a verdict to promote: told before training, which costs most."""

import math
from collections.abc import Hashable, Sequence

from lambdas.domain.core.counted import counted
from lambdas.domain.core.finding import Finding
from lambdas.domain.evaluation.promotable import groups_for, promotes, smallest_promotable_gain
from lambdas.domain.evaluation.significance import LARGEST, LEAST_FOR_BOOTSTRAP

TEST_GROUPS = "test-groups"
# Points above what the gate asks for: tuning rarely gains as much in every group.
VERY_LARGE = 20.0
# Of a data set: more to test on leaves too little to train on.
_LARGEST_SHARE = 0.5


def test_pair_findings(
    groups: int, judged_pairs: int, wanted: float, *, split_groups: int | None, share: float = 0.0
) -> list[Finding]:
    """As `test_group_findings`, where judges decide: they compare one answer of each group, at most `judged_pairs`."""
    found = test_group_findings(range(min(groups, judged_pairs)), wanted, split_groups=split_groups, share=share)
    if judged_pairs >= groups:
        return found
    remedy = "Raise evaluation.judged_pairs in run.json: a gate on the win rate needs about as many pairs as groups."
    message = "The judges compare {}: too few for any gain but a very large one to promote the tuned model."
    return [
        one.model_copy(update={"message": message.format(counted(judged_pairs, "pair")), "remedy": remedy})
        for one in found
    ]


def test_group_findings(
    groups: Sequence[Hashable], wanted: float, *, split_groups: int | None, share: float = 0.0
) -> list[Finding]:
    """A warning where no gain, or only a very large one, could promote a model.

    `groups` has each test record's, `wanted` is the gate's smallest gain. `split_groups` is how many groups the file
    has that the test set was split off; None where the user gave a test set. `share` is split.test.
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
    of_groups = "one group, which has one context" if count == 1 else f"{count:,} groups that share no context"
    enough = groups_for(large, wanted, count)
    return [
        Finding(
            check=TEST_GROUPS,
            severity="warning",
            message=f"The {len(groups):,} test records are of {of_groups}: {could}",
            remedy=f"Test on at least {enough} groups. {_how_to_get(enough, split_groups, share * enough / count)}",
        )
    ]


def _how_to_get(enough: int, split_groups: int | None, scaled: float) -> str:
    """`scaled` is the share that gives enough groups if it takes groups as the present one does: often large ones."""
    if split_groups is None:
        return "Add records with other contexts to the test file."
    if max(enough / split_groups, scaled) > _LARGEST_SHARE:
        return (
            f"The data set has {split_groups} in all: add records with other contexts, or upload a test.jsonl of them."
        )
    share = math.ceil(100 * max(enough / split_groups, scaled)) / 100
    return f"Raise split.test in run.json to about {share:g}, or upload a test.jsonl with other contexts."
