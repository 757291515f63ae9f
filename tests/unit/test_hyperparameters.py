"""The hyperparameters that a job gets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.domain.hyperparameters import faults, for_job
from lambdas.domain.models import base_model

HAIKU = base_model("anthropic.claude-3-haiku-20240307-v1:0:200k")


@pytest.mark.parametrize(("records", "batch"), [(32, "8"), (499, "8"), (500, "16"), (999, "16"), (1000, "32")])
def test_batch_size_suits_the_training_set(records: int, batch: str) -> None:
    """Sizes to settings as AWS's best practices for this model have them."""
    assert for_job(HAIKU, {}, train_records=records, has_validation=True)["batchSize"] == batch


def test_early_stopping_needs_a_validation_set() -> None:
    """Bedrock takes the early stopping hyperparameters only with validation data."""
    with_validation = for_job(HAIKU, {}, train_records=1000, has_validation=True)
    without = for_job(HAIKU, {"earlyStoppingPatience": 3}, train_records=1000, has_validation=False)
    assert with_validation == {
        "epochCount": "2",
        "batchSize": "32",
        "learningRateMultiplier": "1",
        "earlyStoppingThreshold": "0.001",
        "earlyStoppingPatience": "2",
    }
    assert without.keys() == {"epochCount", "batchSize", "learningRateMultiplier"}


@given(st.integers(1, 10), st.floats(0.1, 2), st.booleans())
def test_chosen_values_win_and_are_sent_as_texts(epochs: int, rate: float, as_text: bool) -> None:
    """Bedrock takes texts only, and what a user chose must arrive as chosen."""
    chosen: dict[str, object] = {"epochCount": str(epochs) if as_text else epochs, "learningRateMultiplier": rate}
    assert faults(HAIKU, chosen) == []
    sent = for_job(HAIKU, chosen, train_records=40, has_validation=False)
    assert sent["epochCount"] == str(epochs)
    assert float(sent["learningRateMultiplier"]) == pytest.approx(rate, rel=1e-9)
    assert faults(HAIKU, sent) == []


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "", "1e400", 10**400, None, [], {}, True])
def test_what_is_no_number_in_range_is_refused(value: object) -> None:
    """Python's float takes more than Bedrock does."""
    assert [fault.name for fault in faults(HAIKU, {"epochCount": value})] == ["epochCount"]
