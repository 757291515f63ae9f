"""The hyperparameters that a job gets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.domain.models.catalogue import BaseModelEntry, base_model, catalogue
from lambdas.domain.models.hyperparameters import findings, for_job, recommend

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


@pytest.mark.parametrize(
    ("size", "records", "steps"),
    [("micro", 6400, "10"), ("lite", 6400, "40"), ("pro", 6400, "20"), ("micro", 180, "0"), ("lite", 19_999, "100")],
)
def test_warmup_of_nova_suits_the_training_set(size: str, records: int, steps: str) -> None:
    """AWS divides the records by 640, 160 or 320: a small set's learning rate would never reach what was set."""
    sent = for_job(base_model(f"amazon.nova-{size}-v1:0"), {}, train_records=records, has_validation=True)
    assert sent["learningRateWarmupSteps"] == steps


@pytest.mark.parametrize("model", catalogue(), ids=lambda model: model.name)
@given(records=st.integers(8, 20_000), has_validation=st.booleans())
def test_every_value_is_in_range_and_has_its_reason(model: BaseModelEntry, records: int, has_validation: bool) -> None:
    """Whoever did not choose reads why a value is what it is; a job must not fail for it."""
    recommended = recommend(model, {}, train_records=records, has_validation=has_validation)
    assert [each.name for each in recommended] == list(model.hyperparameters)
    assert findings(model, {each.name: each.value for each in recommended if each.value is not None}) == []
    assert all(each.reason.endswith(".") and each.source in ("size", "default") for each in recommended)
    assert {each.name for each in recommended if each.value is None} == {
        name for name, spec in model.hyperparameters.items() if spec.needs_validation and not has_validation
    }


def test_reasons_tell_the_size_the_choice_and_what_is_left_out() -> None:
    """The table of the report is read by people."""
    chosen: dict[str, object] = {"learningRateMultiplier": 0.5, "earlyStoppingPatience": 3}
    recommended = {
        each.name: (each.value, each.source, each.reason)
        for each in recommend(HAIKU, chosen, train_records=180, has_validation=False)
    }
    left_out = "Left out: early stopping needs a validation set, and there is none."
    why = "180 training records; fewer than 500: batches of 4 to 16, and more epochs."
    assert recommended == {
        "epochCount": ("4", "size", why),
        "batchSize": ("8", "size", why),
        "learningRateMultiplier": ("0.5", "run.json", "Set in run.json."),
        "earlyStoppingThreshold": (None, "default", left_out),
        "earlyStoppingPatience": (None, "run.json", left_out),
    }


@given(st.integers(1, 10), st.floats(0.1, 2), st.booleans())
def test_chosen_values_win_and_are_sent_as_texts(epochs: int, rate: float, as_text: bool) -> None:
    """Bedrock takes texts only, and what a user chose must arrive as chosen."""
    chosen: dict[str, object] = {"epochCount": str(epochs) if as_text else epochs, "learningRateMultiplier": rate}
    assert findings(HAIKU, chosen) == []
    sent = for_job(HAIKU, chosen, train_records=40, has_validation=False)
    assert sent["epochCount"] == str(epochs)
    assert float(sent["learningRateMultiplier"]) == pytest.approx(rate, rel=1e-9)
    assert findings(HAIKU, sent) == []


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "", "1e400", 10**400, None, [], {}, True])
def test_what_is_no_number_in_range_is_refused(value: object) -> None:
    """Python's float takes more than Bedrock does."""
    assert [fault.name for fault in findings(HAIKU, {"epochCount": value})] == ["epochCount"]
