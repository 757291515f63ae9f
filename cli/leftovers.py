"""What a run must not leave in Bedrock: what serves a model, jobs that train on, models that were not chosen."""

from collections.abc import Mapping, Sequence
from typing import Any

from lambdas.adapters.adapters import Adapters
from lambdas.domain.core.run import batch_names_begin, bedrock_name, run_of_bedrock_name
from lambdas.domain.training.customization import IN_PROGRESS
from local.terminal import Console

# What DiscardModels says of a model that the run's settings keep.
KEPT = "kept"

Leftovers = dict[str, list[str]]


def leftovers(environment: str, run_id: str, facts: Mapping[str, Any], adapters: Adapters) -> Leftovers:
    """The ARNs that are left, by kind: nothing but empty lists where all is well. `facts` are the run's.

    All are asked for one by one, since lists may lag behind. Raises Refused where the caller may not do that, and
    ServiceBusy.
    """
    candidates = facts.get("jobs", {}).get("candidates") or []
    listed = [one.name for one in adapters.bedrock.list_running_jobs()]
    # The first name is what earlier versions gave.
    served = [bedrock_name(environment, run_id, number) for number in (None, *(one["number"] for one in candidates))]
    names = {
        *(one["name"] for one in candidates),
        *(name for name in listed if run_of_bedrock_name(environment, name) == run_id),
    }
    jobs = [adapters.bedrock.find_customization_job(name) for name in sorted(names)]
    left = {
        "throughput": [one.arn for one in map(adapters.throughputs.find, served) if one],
        "custom model deployment": [one.arn for one in map(adapters.deployments.find, served) if one],
        "unfinished customization job": [one.arn for one in jobs if one and one.status == IN_PROGRESS],
    }
    if facts.get("plan", {}).get("curation"):
        running = adapters.batch.list_running(batch_names_begin(environment, run_id))
        left["unfinished batch job"] = [one.arn for one in running]
    if candidates:
        others = not_chosen(candidates, facts.get("model", {}).get("number"))
        left["model that was not chosen"] = [arn for arn in others if adapters.bedrock.find_custom_model(arn)]
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
