"""What a run on the posts' models leaves, for tests of `make seeds`: it has the posts' scores."""

import json
from pathlib import Path

from cli.folders import SEEDS
from cli.seeds.cited import read_cited
from lambdas.domain.core.statistics import count_statistics
from lambdas.domain.evaluation.answers import render_line
from lambdas.domain.report.arm_figures import with_reductions
from lambdas.domain.report.run_report import ArmFigures, SucceededReport
from local.output_folder import start
from tests.answer_lines import make_answer
from tests.unit.reports import arm_figures, succeeded_report

CITED = read_cited()
SONNET = "anthropic.claude-3-sonnet-20240229-v1-0"
LARGER = (SONNET, "anthropic.claude-3-5-sonnet-20240620-v1-0")
TOKENS = {"base": [10, 20, 30], "tuned": [10, 10, 10], **{arm: [40, 40, 40] for arm in LARGER}}


def arms(**f1: float) -> dict[str, ArmFigures]:
    """The arms of a run on the posts' models, with the post's F1 unless another is given."""
    known = {arm: one.f1 for arm, one in CITED.comparison.by_arm.items()} | f1
    made = {
        arm: arm_figures(model_id=arm, f1=score, f1_seed=score, output_tokens=count_statistics(TOKENS[arm]))
        for arm, score in known.items()
    }
    return with_reductions(made)


def with_curve() -> SucceededReport:
    """The report of a run that tested two sizes, and a second candidate of the smaller one that is not its best."""

    def point(records: int, candidate: int, *, best: bool = True) -> dict[str, object]:
        sent = {"epochCount": "4", "batchSize": "16", "learningRateMultiplier": "1"}
        figures = {"validation_loss": 0.5, "metric": "f1", "value": 1.0, "interval": None}
        return {
            "records": records,
            "candidate": candidate,
            "hyperparameters": sent,
            **figures,
            "served": True,
            "best": best,
        }

    return succeeded_report(
        arms={**arms(), "candidate-4": arm_figures(f1_seed=60.0), "candidate-5": arm_figures(f1_seed=70.0)},
        sweep={"jobs": [], "chosen": 1, "reason": "", "note": ""},
        learning_curve={
            "metric": "f1",
            "points": [point(250, 4), point(250, 5, best=False), point(1000, 1)],
            "lines": {"base": 73.2},
            "doubling": {"withheld": "too few sizes"},
        },
    )


def make_run_folder(folder: Path) -> None:
    """What a run leaves that has succeeded."""
    start(folder, SEEDS, ["report.json", "evaluation/"])
    (folder / "report.json").write_text(json.dumps(with_curve().dump()))
    (folder / "evaluation").mkdir()
    for arm in ("tuned", "base"):
        lines = [make_answer(n, "right", "right") for n in range(3)]
        (folder / "evaluation" / f"{arm}.jsonl").write_bytes(b"\n".join(map(render_line, lines)))
