"""Which uploads start a run: `input/<name>.jsonl`, `input/<name>/train.jsonl`, or with another ending of ENDINGS.

An EventBridge rule cannot ask two things of one field, and its `*` runs across slashes, so each layout needs two rules
in a row: one on the default bus that asks how the key looks, and behind a small bus of its own one that asks how deep
it lies: docs/decisions/uploads-through-two-rules.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_sns as sns
from aws_cdk import aws_stepfunctions as stepfunctions
from constructs import Construct

from stacks.data_stack import Data
from stacks.dead_letters import dead_letter_queue
from stacks.functions import Functions
from stacks.permissions import teller_permissions


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Keys that fit one of `like` and none of `unlike` start a run; `looks` says of them what all have."""

    looks: str
    like: tuple[str, ...]
    unlike: tuple[str, ...]


_TEXTS = (".jsonl", ".json", ".csv", ".tsv")
# What a data set's file may end in.
ENDINGS = (*_TEXTS, *(f"{ending}.gz" for ending in _TEXTS), ".xlsx")
LAYOUTS: Mapping[str, Layout] = {
    "File": Layout(
        looks="data right below input/",
        like=tuple(f"input/*{ending}" for ending in ENDINGS),
        unlike=("input/*/*", "input/run.json", *(f"input/{ending}" for ending in ENDINGS)),
    ),
    "Folder": Layout(
        looks="training data in a folder below input/",
        like=tuple(f"input/*/train{ending}" for ending in ENDINGS),
        unlike=("input/*/*/*", *(f"input//train{ending}" for ending in ENDINGS)),
    ),
}
# The usual names of a folder's files.
READ = (*(f"{name}{ending}" for name in ("train", "validation", "test") for ending in ENDINGS), "run.json")
# What may start no run, as patterns joined by "or". The files of a folder in their place call no function: uploads of
# that kind are the usual ones. Single files do call it; it is silent about them.
UNUSUAL: tuple[Mapping[str, Any], ...] = (
    {"anything-but": {"suffix": [f"/{name}" for name in READ]}},
    {"wildcard": "input/*/*/*"},
)
TELLER = "TellUnusedUpload"


class Uploads(Construct):
    """What could not be handed on in a day lies in `dead_letters` for two weeks."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        data: Data,
        state_machine: stepfunctions.IStateMachine,
        functions: Functions,
        topic: sns.ITopic,
    ) -> None:
        super().__init__(scope, construct_id)
        self.dead_letters = dead_letter_queue(self, "DeadLetters")
        self._bucket = data.input_bucket
        start = targets.SfnStateMachine(
            state_machine,
            dead_letter_queue=self.dead_letters,
            max_event_age=cdk.Duration.hours(24),
            retry_attempts=185,
        )
        for name, layout in LAYOUTS.items():
            bus = events.EventBus(self, f"{name}Bus", description=f"Uploads that may be {layout.looks}")
            events.Rule(
                self,
                f"{name}Uploaded",
                description=f"What may be {layout.looks}, at any depth, to the next rule",
                event_pattern=self._pattern(*({"wildcard": like} for like in layout.like)),
                targets=[targets.EventBus(bus, dead_letter_queue=self.dead_letters)],
            )
            events.Rule(
                self,
                f"{name}Starts",
                description=f"What is {layout.looks} starts a run",
                event_bus=bus,
                event_pattern=self._pattern({"anything-but": {"wildcard": list(layout.unlike)}}),
                targets=[start],
            )

        self._tell_the_others(functions, data, topic)

    def _tell_the_others(self, functions: Functions, data: Data, topic: sns.ITopic) -> None:
        """What starts no run reaches a function, which decides whether people should hear of it."""
        teller = functions.add(
            TELLER,
            description="Tells people of an upload that starts no run.",
            timeout=cdk.Duration.minutes(1),
            statements=teller_permissions(data, topic=topic),
            environment={"TOPIC_ARN": topic.topic_arn},
            no_dead_letters="The object stays in the bucket: what gets lost is a hint, which the next upload repeats.",
        )
        events.Rule(
            self,
            "Unused",
            description="Objects that are no usual file of a data set, or lie too deep, are looked at",
            event_pattern=self._pattern(*UNUSUAL),
            targets=[
                targets.LambdaFunction(
                    teller,
                    dead_letter_queue=self.dead_letters,
                    max_event_age=cdk.Duration.hours(24),
                    retry_attempts=185,
                )
            ],
        )

    def _pattern(self, *keys: Mapping[str, Any]) -> events.EventPattern:
        return events.EventPattern(
            source=["aws.s3"],
            detail_type=["Object Created"],
            detail={"bucket": {"name": [self._bucket.bucket_name]}, "object": {"key": list(keys)}},
        )
