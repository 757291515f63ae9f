"""The cases in which a training must not be lost: an AWS that is busy for hours, or full, and failures behind it."""

from collections.abc import Iterator

from local.faults.case import ABORTED, Action, Case, Target, each_operation, hold
from local.faults.dataset import ON_DEMAND, PLAIN
from local.faults.rules import BROKEN, QUOTA_IN_USE, STALLED, TUNED_MODEL_DENIED, for_ever

SUCCEEDS = frozenset({"SUCCEEDED"})
# Nothing of a run bills while these are asked for.
WAITED_FOR = (
    Target("busy-start", "CreateModelCustomizationJob", ends_as=SUCCEEDS, fails=("throttled for hours",)),
    Target(
        "busy-check",
        "GetModelCustomizationJob",
        "check_jobs",
        ends_as=SUCCEEDS,
        fails=("throttled for hours", "access denied for an hour"),
    ),
    Target("busy-purchase", "CreateProvisionedModelThroughput", ends_as=SUCCEEDS, fails=("throttled for hours",)),
    Target(
        "busy-serving",
        "GetProvisionedModelThroughput",
        "check_serving",
        ends_as=SUCCEEDS,
        fails=("throttled for an hour",),
    ),
)
# More often than a state that is no loop calls its function again.
REFUSED_CALLS = 40
REFUSED_IN = ("StartJobs", "CheckJobs", "ChooseModel", "AcquireSlot", "PurchaseThroughputOrDeploy", "CheckServing")


# What ends a run once its model is trained: error → the rules that do.
ENDS_AFTER_TRAINING = {
    "ThroughputFailed": (for_ever("CreateProvisionedModelThroughput"),),
    "EvaluationFailed": (TUNED_MODEL_DENIED,),
}


def busy_cases() -> Iterator[Case]:
    """Each call that a run may wait for, each function that Lambda may not call, each quota that may be in use."""
    yield from each_operation(WAITED_FOR)
    for state in REFUSED_IN:
        yield Case(
            f"busy/lambda-refuses-{state}",
            f"Lambda refuses to call the function of {state} {REFUSED_CALLS} times: no concurrency is left",
            state=state,
            refused_calls=REFUSED_CALLS,
            ends_as=SUCCEEDS,
        )
    for operation, dataset in (("CreateProvisionedModelThroughput", PLAIN), ("CreateCustomModelDeployment", ON_DEMAND)):
        yield Case(
            f"busy/quota-of-{operation}",
            f"the quota of {operation} is in use for half an hour",
            (QUOTA_IN_USE.model_copy(update={"operation": operation}),),
            dataset=dataset,
            injects=True,
            ends_as=SUCCEEDS,
        )
    for error, rules in ENDS_AFTER_TRAINING.items():
        yield Case(
            f"go-on/{error}",
            f"a run ends as {error} with its model trained, and a second one goes on from it",
            rules,
            injects=True,
            goes_on=True,
            error=error,
            ends_as=frozenset({"FAILED"}),
        )
    yield Case(
        "go-on/NotApproved",
        "the purchase is rejected, and a second run goes on from the model",
        action=Action.REJECT,
        state="RequestApproval",
        deployment="approval",
        goes_on=True,
        error="NotApproved",
        buys_nothing=True,
        ends_as=frozenset({"FAILED"}),
    )
    yield Case(
        "broken/job",
        "the job fails with an internal error while it trains",
        (BROKEN,),
        error="CustomizationFailed",
        buys_nothing=True,
        ends_as=frozenset({"FAILED"}),
    )
    yield Case(
        "stalled/job",
        "the job never begins to train",
        (STALLED,),
        error="CustomizationStalled",
        shows='"stall": "told"',
        buys_nothing=True,
        ends_as=frozenset({"FAILED"}),
    )
    yield from starved_cases()


def starved_cases() -> Iterator[Case]:
    """Lambda runs one function of the deployment at a time, and one that is held takes that: all others wait."""
    questions, status = (
        Target("", "Converse", "answer_baseline_shard"),
        Target("", "GetModelCustomizationJob", "check_jobs"),
    )
    for state, target in (("AnswerBaselines", questions), ("CheckJobs", status)):
        yield Case(
            f"busy/one-function-at-a-time-{state}",
            f"a function of {state} takes all of Lambda's concurrency",
            (hold(target),),
            Action.STARVE,
            state,
            deployment="narrow",
            ends_as=SUCCEEDS,
        )
    yield Case(
        "busy/one-function-at-a-time-StopExecution",
        "StopExecution while a function takes all of Lambda's concurrency, so that nothing can reconcile",
        (hold(Target("", "Converse", ".answer_shard")),),
        Action.STARVE_AND_STOP,
        "AnswerTestSet",
        deployment="narrow",
        ends_as=ABORTED,
    )
