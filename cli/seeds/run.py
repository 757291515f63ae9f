"""The run behind the posts' tables: the posts' models on their data where it is there."""

import json
from pathlib import Path

from cli.commands.options import EXAMPLE
from cli.data_set import upload_of
from cli.demo import run_demo
from cli.folders import SEEDS
from cli.seeds.cited import Cited
from lambdas.domain.models.catalogue import base_model
from lambdas.domain.training.serve import ALL
from local.checkout import CHECKOUT
from local.terminal import Console

# Each twice the one before, the smallest with enough records for a job, of the shipped example, too.
SIZES = (0.125, 0.25, 0.5, 1)
# TAT-QA as Bedrock's records, which is not part of the project.
TAT_QA = CHECKOUT.parent / "shared" / "data" / "tatqa"


def default_data() -> Path:
    """TAT-QA where it lies beside the checkout, and the shipped example otherwise."""
    return TAT_QA if TAT_QA.is_dir() else EXAMPLE


def run_settings(cited: Cited) -> bytes:
    """The run.json: the post's models and its curve. Whatever run.json the data has is not read."""
    comparison = cited.comparison
    chosen = {
        "base_model": comparison.base_model,
        "evaluation": {"models": comparison.larger_models},
        "learning_curve": {"fractions": SIZES},
        "serve": ALL,
    }
    return json.dumps(chosen, indent=2).encode()


def make_run(data: Path, cited: Cited, console: Console, folder: Path) -> bool:
    """Runs the data on the embedded AWS, as the demo does; whether the run succeeded and left nothing that bills.

    Raises NoDataSetError, and what `run_demo` raises.
    """
    return run_demo(
        upload_of(data).with_settings(run_settings(cited)),
        model=base_model(cited.comparison.base_model),
        # The base model's end of life is past: this is what the posts had.
        lifecycle="ACTIVE",
        console=console,
        folder=folder,
        command=SEEDS,
    )
