"""When a job with early stopping ends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.domain.training.early_stopping import EarlyStopping
from local.bedrock.training import stop_early

# The AWS blog's table of validation losses, and its two scenarios: threshold, patience, the last epoch.
LOSSES = (0.9, 0.8, 0.7, 0.66, 0.64, 0.65, 0.65)
SCENARIOS = [(0.0, 2, 7), (0.05, 1, 4)]
losses = st.lists(st.sampled_from([0.5, 0.55, 0.6, 0.7, 0.8]), max_size=10)


@pytest.mark.parametrize(("threshold", "patience", "last"), SCENARIOS)
def test_training_ends_where_the_published_scenarios_end(threshold: float, patience: int, last: int) -> None:
    """The one place where AWS shows what the two settings do."""
    stopping = EarlyStopping(threshold, patience)
    assert stopping.last_epoch(LOSSES) == last
    assert stopping.last_epoch(LOSSES[: last - 1]) is None


@given(losses, st.sampled_from([0.0, 0.04, 0.1]), st.integers(1, 3))
def test_the_simulated_bedrock_stops_where_the_product_says(run: list[float], threshold: float, patience: int) -> None:
    """The two are written apart, so that neither repeats the mistake of the other."""
    epochs = range(1, len(run) + 1)
    simulated = next((epoch for epoch in epochs if stop_early(run[:epoch], threshold, patience)[0]), None)
    assert EarlyStopping(threshold, patience).last_epoch(run) == simulated


def test_early_stopping_is_read_from_the_hyperparameters_of_a_job() -> None:
    """Models without it, and jobs without a validation set, have none of the two."""
    sent = {"epochCount": "10", "earlyStoppingThreshold": "0.001", "earlyStoppingPatience": "2"}
    assert EarlyStopping.of(sent) == EarlyStopping(0.001, 2)
    assert EarlyStopping.of({"epochCount": "10"}) is None
