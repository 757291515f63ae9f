"""What a run must not leave in Bedrock: what serves a model, jobs that train on, models that were not chosen."""

from collections.abc import Mapping, Sequence
from typing import Any

from lambdas.adapters.adapters import Adapters
from lambdas.domain.core.run import bedrock_name, run_of_bedrock_name
from local.terminal import Console

# What DiscardModels says of a model that the run's settings keep.
KEPT = "kept"

Leftovers = dict[str, list[str]]


def leftovers(environment: str, run_id: str, facts: Mapping[str, Any], adapters: Adapters) -> Leftovers:
    """The ARNs that are left, by kind: nothing but empty lists where all is well. `facts` are the run's.

    Raises Refused where the caller may not list them, and ServiceBusy.
    """
    served, jobs = bedrock_name(environment, run_id), adapters.bedrock.list_running_jobs()
    left = {
        "throughput": [one.arn for one in adapters.throughputs.list_all() if one.name == served],
        "custom model deployment": [one.arn for one in adapters.deployments.list_all() if one.name == served],
        "unfinished customization job": [
            one.arn for one in jobs if run_of_bedrock_name(environment, one.name) == run_id
        ],
    }
    if candidates := facts.get("jobs", {}).get("candidates"):
        models = {one.arn for one in adapters.bedrock.list_custom_models()}
        others = not_chosen(candidates, facts.get("model", {}).get("number"))
        left["model that was not chosen"] = [arn for arn in others if arn in models]
    return left


def not_chosen(candidates: Sequence[Mapping[str, Any]], chosen: int | None) -> list[str]:
    """The ARNs of models that should be deleted: without a choice all stay, since their training is paid for."""
    if chosen is None:
        return []
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
