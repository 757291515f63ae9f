"""What report.json says of a run's candidates and of the values that its model was trained with."""

from collections.abc import Mapping
from typing import Any

from lambdas.domain.training.candidate_jobs import DELETED

_KEYS = ("number", "name", "hyperparameters", "status", "model_arn", "training_loss", "validation_loss", "failure")


def summarise(plan: Mapping[str, Any], jobs: Mapping[str, Any], model: Mapping[str, Any]) -> dict[str, Any] | None:
    """report.json's `sweep`: `{"jobs", "chosen", "reason", "note"}`; null for a run with one candidate."""
    if len(plan.get("candidates") or ()) < 2:
        return None
    chosen = model.get("number")
    return {
        "jobs": [
            {
                **{key: one[key] for key in _KEYS},
                "chosen": one["number"] == chosen,
                "model_deleted": one["model"] == DELETED,
                "kept": is_kept(one),
            }
            for one in jobs.get("candidates") or ()
        ],
        "chosen": chosen,
        "reason": model.get("reason") or "No model was chosen: the run failed before.",
        "note": plan.get("candidates_note", ""),
    }


def is_kept(candidate: Mapping[str, Any]) -> bool:
    """Whether the candidate's job has made a model that still exists."""
    return candidate["model_arn"] is not None and candidate.get("model") != DELETED


def values_explained(plan: Mapping[str, Any], model: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """report.json's `recommended`: the values that the served model was trained with, each with its reason.

    The plan's if no choice was made; what the chosen candidate has instead is from the "sweep".
    """
    recommended: list[dict[str, Any]] | None = plan.get("recommended")
    # The first candidate has the recommended values.
    if recommended is None or model.get("number", 1) == 1:
        return recommended
    return [_explained(one, model["hyperparameters"].get(one["name"]), model["number"]) for one in recommended]


def _explained(recommended: dict[str, Any], value: str | None, chosen: int) -> dict[str, Any]:
    if value == recommended["value"]:
        return recommended
    reason = f"Job {chosen} has the lowest validation loss with it. Recommended: {recommended['value']}."
    return {**recommended, "value": value, "source": "sweep", "reason": f"{reason} {recommended['reason']}"}
