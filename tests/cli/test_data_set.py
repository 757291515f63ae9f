"""A data set's files, as a user names them."""

from pathlib import Path

import pytest

from cli import data_set


@pytest.mark.parametrize(
    ("wrong", "right"), [("Train.JSONL", "train.jsonl"), ("TRAIN.CSV", "train.csv"), ("training.jsonl", "train.jsonl")]
)
def test_training_file_of_a_wrong_name_is_named_with_the_right_one(wrong: str, right: str, tmp_path: Path) -> None:
    """Names are told apart by case in S3, and a folder without training starts no run."""
    (tmp_path / wrong).write_text("{}")
    with pytest.raises(data_set.NoDataSetError, match=rf"{wrong}\. Did you mean {right}\?"):
        data_set.files_of(tmp_path)
