"""Bedrock's loss files."""

import math

from hypothesis import given
from hypothesis import strategies as st

from lambdas.domain.training.losses import (
    TRAINING_FILE,
    VALIDATION_FILE,
    Epoch,
    Loss,
    find_key,
    read_losses,
    summarise_epochs,
)

TRAINING = b"step_number,epoch_number,training_loss\n0,1,2.0\n1,1,1.0\n2,2,0.5\n3,2,0.25\n"
VALIDATION = b"step_number,epoch_number,validation_loss\n1,1,1.25\n3,2,0.75\n"


def test_epochs_are_summarised_from_both_files() -> None:
    """The report shows whether training went on while validation did not."""
    epochs = summarise_epochs(read_losses(TRAINING, "training"), read_losses(VALIDATION, "validation"))
    assert epochs == [
        Epoch(epoch=1, training_loss=1.5, validation_loss=1.25),
        Epoch(epoch=2, training_loss=0.375, validation_loss=0.75),
    ]


def test_files_are_found_wherever_bedrock_puts_them() -> None:
    """The folders between differ from model to model."""
    base = "runs/r/customization/model-customization-job-abc"
    training = f"{base}/training_artifacts/{TRAINING_FILE}"
    validation = f"{base}/validation_artifacts/post_fine_tuning_validation/validation/{VALIDATION_FILE}"
    keys = [f"{base}/other_{VALIDATION_FILE}", validation, training]
    assert find_key(keys, TRAINING_FILE) == training
    assert find_key(keys, VALIDATION_FILE) == validation
    assert find_key([], TRAINING_FILE) is None


def test_a_perplexity_is_read_as_its_logarithm() -> None:
    """Some of Bedrock's files have it in place of the loss."""
    losses = read_losses(f"step_number,epoch_number,perplexity\n0,1,{math.e}\n".encode(), "training")
    assert losses.lines == (Loss(0, 1, 1.0),)


def test_a_line_that_cannot_be_read_is_counted_and_passed_over() -> None:
    """One odd line must not cost the report its curve, nor vanish silently."""
    content = b"\xef\xbb\xbfStep_Number, epoch_number ,training_loss\r\n0,1,nan\r\nx,1,1\r\n\r\n2\r\n3.0,1.0,0.5\r\n"
    losses = read_losses(content, "training")
    assert losses.lines == (Loss(3, 1, 0.5),)
    assert losses.unreadable == 3


@given(st.binary())
def test_any_bytes_are_read_without_an_error(content: bytes) -> None:
    """The losses inform; nothing in them may end a run that has its answers."""
    read_losses(content, "training")
    read_losses(TRAINING + content, "training")
