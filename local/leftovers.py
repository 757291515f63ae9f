"""What a run must not leave in Bedrock: what serves a model, jobs that train on, models that were not chosen."""

from collections.abc import Mapping, Sequence
from typing import Any

from local.terminal import Console

# What DiscardModels says of a model that the run's settings keep.
KEPT = "kept"

Leftovers = dict[str, list[str]]


def leftovers(bedrock: Any, facts: Mapping[str, Any]) -> Leftovers:
    """The ARNs that are left, by kind: nothing but empty lists where all is well. `facts` are the run's."""

    def arns(operation: str, summaries: str, arn: str, **filters: str) -> list[str]:
        pages = bedrock.get_paginator(operation).paginate(**filters)
        return [one[arn] for page in pages for one in page[summaries]]

    left = {
        "throughput": arns("list_provisioned_model_throughputs", "provisionedModelSummaries", "provisionedModelArn"),
        "custom model deployment": arns(
            "list_custom_model_deployments", "modelDeploymentSummaries", "customModelDeploymentArn"
        ),
        "unfinished customization job": arns(
            "list_model_customization_jobs", "modelCustomizationJobSummaries", "jobArn", statusEquals="InProgress"
        ),
    }
    if candidates := facts.get("jobs", {}).get("candidates"):
        models = arns("list_custom_models", "modelSummaries", "modelArn")
        others = not_chosen(candidates, facts.get("model", {}).get("number"))
        left["model that was not chosen"] = [arn for arn in others if arn in models]
    return left


def not_chosen(candidates: Sequence[Mapping[str, Any]], chosen: int | None) -> list[str]:
    """The ARNs of models that should be deleted."""
    return [
        one["model_arn"]
        for one in candidates
        if one["model_arn"] and one["number"] != chosen and one.get("model") != KEPT
    ]


def tell_leftovers(console: Console, left: Leftovers) -> None:
    """A sentence for each kind."""
    for kind, arns in left.items():
        if arns:
            console.write_line(f"Left, although the run is over: {kind} {', '.join(arns)}", "bold red")
    nothing = [f"No {kind} is left." for kind, arns in left.items() if not arns]
    console.write_line(" ".join(nothing))
