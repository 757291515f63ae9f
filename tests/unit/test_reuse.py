"""How often a test set has been used, and how likely a gain by luck is then."""

import pytest

from lambdas.domain.evaluation.reuse import digest_of, reuse, reuse_sentence

RECORDS = [("What is 1 + 1?", "2"), ("What is 2 + 2?", "4")]


@pytest.mark.parametrize(("runs", "percent"), [(1, 2.5), (2, 4.9), (8, 18.3), (20, 39.7)])
def test_each_run_is_one_more_chance_of_a_gain_by_luck(runs: int, percent: float) -> None:
    """A two-sided interval of 95 % is above zero by luck in 2.5 % of cases."""
    assert reuse("digest", runs).luck_percent == percent


def test_the_eighth_run_is_told_as_a_chance_of_one_in_five() -> None:
    """A first run has nothing to tell; many runs make luck likelier than not."""
    assert reuse_sentence(reuse("digest", 1)) is None
    eighth = reuse_sentence(reuse("digest", 8))
    assert eighth is not None
    assert eighth.startswith("This is the 8th run on this test set in this environment: of 8 models that are no better")
    assert "at least one shows a gain by luck in one of 5 cases." in eighth
    assert "64 % of cases" in str(reuse_sentence(reuse("digest", 40)))
    for runs, ordinal in ((2, "2nd"), (3, "3rd"), (11, "11th"), (21, "21st"), (112, "112th")):
        assert f" {ordinal} run" in str(reuse_sentence(reuse("digest", runs)))


def test_a_test_set_is_known_by_its_prompts_and_references_in_any_order() -> None:
    """The base model's format and the order of the file make no new test set; another answer does."""
    assert digest_of(RECORDS) == digest_of(RECORDS[::-1])
    assert digest_of(RECORDS) != digest_of([*RECORDS, RECORDS[0]])
    assert digest_of([("ab", "c")]) != digest_of([("a", "bc")])
