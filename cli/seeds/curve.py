"""The post's curve from a run: F1 over the size of the training set, with the hyperparameters of each point."""

from collections.abc import Sequence

from lambdas.domain.core.fact import Fact
from lambdas.domain.evaluation.arms import BASE
from lambdas.domain.report.learning_curve import arm_of
from lambdas.domain.report.run_report import SucceededReport
from lambdas.domain.report.size_curve import SizePoint, size_curve

# As the post writes them.
_SHORT = {"learningRateMultiplier": "LRM", "batchSize": "BS", "epochCount": "Epoch"}


class CurveRow(Fact):
    """A size of the training set: its candidate, and F1 as the post counts it and as SQuAD does."""

    records: int
    candidate: int
    hyperparameters: dict[str, str]
    validation_loss: float | None
    f1_seed: float | None
    f1: float | None

    @property
    def beside(self) -> list[str]:
        """What stands beside its point."""
        return [
            f"{short} {self.hyperparameters[name]}" for name, short in _SHORT.items() if name in self.hyperparameters
        ]


def curve_rows(report: SucceededReport) -> list[CurveRow]:
    """A row for each size that was tested, the smallest first: of its candidates that of the lowest validation loss.

    None where the run has no learning curve.
    """
    points = report.learning_curve.best if report.learning_curve else []
    chosen = report.trained.chosen or 0
    return [
        CurveRow(
            records=point.records,
            candidate=point.candidate,
            hyperparameters=point.hyperparameters,
            validation_loss=point.validation_loss,
            f1_seed=arm.f1_seed,
            f1=arm.f1,
        )
        for point in points
        if (arm := report.arms.get(arm_of(point.candidate, chosen))) is not None
    ]


def draw_curve(rows: Sequence[CurveRow], report: SucceededReport) -> str | None:
    """The picture, with the base as a dashed line; None where there is nothing to draw."""
    points = [SizePoint(row.records, row.f1_seed, None, row.beside) for row in rows if row.f1_seed is not None]
    base = report.arms[BASE].f1_seed
    lines = {} if base is None else {"base, untuned": base}
    return size_curve("F1 over the size of the training set", "F1, 0-100", points, lines) if points else None
