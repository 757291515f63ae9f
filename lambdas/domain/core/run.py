"""A run's identity and everything that is named after it: all of it follows from the object that started the run."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict

from lambdas.domain.core.errors import InvalidEvent
from lambdas.domain.core.fact import Fact
from lambdas.domain.core.outside_text import name

DATASET_NAME_LENGTH = 20
DIGEST_LENGTH = 12

PROJECT = "bedrock-fine-tuning"
# Until when a throughput may exist, as a timestamp.
LEASE_TAG = "lease-ends-at"
# "true" on a job that trains on although its run was cut off.
KEEP_JOB_TAG = "keep-job"
# On a candidate's job and model: its number, and "true" if the model stays although it is not chosen.
CANDIDATE_TAG = "sweep-candidate"
KEEP_MODEL_TAG = "keep-model"
# The names of all tags that a run sets: those of `bedrock_tags`, and the above.
RUN_TAGS = ("project", "deployment", "run-id", "execution-arn", LEASE_TAG, KEEP_JOB_TAG, CANDIDATE_TAG, KEEP_MODEL_TAG)

# What a token is for: repeating the same purpose of the same run repeats the same request.
TokenPurpose = Literal["customization", "throughput", "batch"]

_RUN_ID = re.compile(rf"[a-z0-9]+(-[a-z0-9]+)*-[0-9a-f]{{{DIGEST_LENGTH}}}")
# What a data set's file may end in. Its content decides what it is, whatever it ends in.
_TEXTS = (".jsonl", ".json", ".csv", ".tsv")
FILE_ENDINGS = (*_TEXTS, *(f"{ending}.gz" for ending in _TEXTS), ".xlsx")
_ENDING = "|".join(map(re.escape, FILE_ENDINGS))
_FILE = re.compile(rf"(?P<stem>.+?)(?:{_ENDING})", re.DOTALL)
_KEY = re.compile(rf"input/(?:(?P<folder>[^/]+)/train(?:{_ENDING})|(?!run\.json\Z)(?P<file>[^/]+?)(?:{_ENDING}))")
# Patterns of the Bedrock service model (CreateModelCustomizationJob, CreateProvisionedModelThroughput). botocore does
# not check them, and the service refuses a wrong one only after the data has been prepared. Job names are
# the same language as there, without a repetition within another, which takes exponential time on hyphens.
_JOB_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9+\-.]*")
_MODEL_NAME = re.compile(r"([0-9a-zA-Z][_-]?){1,63}")
_TOKEN = re.compile(r"[a-zA-Z0-9]([-a-zA-Z0-9]{0,254}[a-zA-Z0-9])?")
_NAME_LENGTH = 63
# A run's id ends with its digest, so that nothing but a candidate can end like this.
_CANDIDATE = re.compile(r"(?P<run>.+)-c(?P<number>[1-9][0-9]?)")
# What serves a run's model for applications: no candidate ends like this, and no run's id does.
_STANDING = "-s"
_BATCH = re.compile(r"(?P<run>.+)-b[1-9][0-9]?")
_NOT_IN_TAGS = re.compile(r"[^a-zA-Z0-9\s._:/=+@-]")
_TAG_VALUE_LENGTH = 256


class Claim(BaseModel):
    """`claim.json`: which execution has the run, and since when."""

    model_config = ConfigDict(defer_build=True)

    run_id: str
    execution_arn: str
    claimed_at: str


@dataclass(frozen=True)
class Source:
    """The object that started a run.

    `version_id` is None only where the bucket keeps no versions; `sequencer` is S3's number of the write, which two
    deliveries of one event share.
    """

    bucket: str
    key: str
    version_id: str | None
    sequencer: str | None = None

    @property
    def dataset_name(self) -> str:
        """`sales` for `input/sales.csv` and for `input/sales/train.csv`; raises InvalidEvent for what starts no run."""
        match = _KEY.fullmatch(self.key)
        if match is None:
            raise InvalidEvent(
                f"s3://{name(self.bucket)}/{name(self.key)} does not start a run: "
                "only input/<name>.jsonl and input/<name>/train.jsonl do, or with another ending of data."
            )
        return match["folder"] or match["file"]

    @property
    def folder(self) -> str | None:
        """The prefix in which the siblings of the training file stand; None for a data set of one file."""
        return self.key.removesuffix(self.file_name) if self.key.count("/") == 2 else None

    @property
    def file_name(self) -> str:
        """The object's name without its folders."""
        return self.key.rsplit("/", 1)[-1]


def data_stem(file_name: str) -> str | None:
    """`train` for `train.csv.gz`: a file's name without the ending of data; None for a file with another ending."""
    match = _FILE.fullmatch(file_name)
    return match["stem"] if match else None


def run_id(source: Source) -> str:
    """`<data set name>-<digest>`, at most 33 characters of a-z, 0-9 and single dashes.

    The digest covers bucket, key and version, so the same event gives the same run and a new upload a new one. Neither
    bucket names nor versions have a slash, so no two sources are joined to the same text.
    """
    slug = re.sub(r"[^a-z0-9]+", "-", source.dataset_name.lower()).strip("-")[:DATASET_NAME_LENGTH].strip("-")
    identity = "/".join((source.bucket, source.key, source.version_id or source.sequencer or ""))
    digest = hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()[:DIGEST_LENGTH]
    return f"{slug or 'data'}-{digest}"


def is_run_id(text: str) -> bool:
    """Whether a text that somebody has typed can be a run's id."""
    return _RUN_ID.fullmatch(text) is not None


def prefix(run: str) -> str:
    """The run's prefix in the output bucket."""
    return f"runs/{run}/"


def claim_key(run: str) -> str:
    """Where the run's claim is in the output bucket."""
    return f"{prefix(run)}claim.json"


def report_key(run_prefix: str) -> str:
    """Where the run's report is in the output bucket."""
    return f"{run_prefix}report.json"


def candidate_output(run_prefix: str, number: int) -> str:
    """The prefix of the files that Bedrock writes for a candidate's job."""
    return f"{run_prefix}customization/c{number}/"


def sweep_key(run: str) -> str:
    """Where the choice among a run's models is in the output bucket."""
    return f"{prefix(run)}sweep.json"


def given_up_key(run: str) -> str:
    """Where a run says that its chosen candidate could not be served, in the output bucket."""
    return f"{prefix(run)}given-up.json"


def run_of_bedrock_name(environment: str, name: str) -> str | None:
    """The id of the run that a Bedrock name may belong to; None where it cannot be one of the environment's.

    Names of `team` and `team-eu` can both start with `team-eu-`: only a claim in the environment's bucket tells which.
    """
    if not name.startswith(f"{environment}-"):
        return None
    rest = name.removeprefix(f"{environment}-")
    numbered = _CANDIDATE.fullmatch(rest) or _BATCH.fullmatch(rest)
    run = numbered["run"] if numbered else rest
    return run if _RUN_ID.fullmatch(run) else None


def candidate_of_bedrock_name(environment: str, name: str) -> tuple[str, int] | None:
    """The run and the number of the candidate that a Bedrock name may belong to, or None."""
    match = _CANDIDATE.fullmatch(name.removeprefix(f"{environment}-"))
    if match is None or not name.startswith(f"{environment}-") or not _RUN_ID.fullmatch(match["run"]):
        return None
    return match["run"], int(match["number"])


def bedrock_name(environment: str, run: str, candidate: int | None = None) -> str:
    """The name of the run's throughput or deployment; raises ValueError where Bedrock would.

    A candidate's customization job and custom model have its number behind it.
    """
    name = f"{environment}-{run}" if candidate is None else f"{environment}-{run}-c{candidate}"
    if len(name) > _NAME_LENGTH or not _JOB_NAME.fullmatch(name) or not _MODEL_NAME.fullmatch(name):
        raise ValueError(
            f"{name!r} cannot name a customization job, custom model and throughput: at most {_NAME_LENGTH} letters, "
            "digits and single dashes. Give the environment a shorter or simpler name."
        )
    return name


def standing_name(environment: str, run: str) -> str:
    """The name of what serves the run's model for applications; raises ValueError where Bedrock would."""
    return bedrock_name(environment, f"{run}{_STANDING}")


def run_of_standing_name(environment: str, name: str) -> str | None:
    """The id of the run whose model a throughput or deployment of that name may serve for applications, or None."""
    run = name.removeprefix(f"{environment}-").removesuffix(_STANDING)
    return run if name == f"{environment}-{run}{_STANDING}" and _RUN_ID.fullmatch(run) else None


def batch_name(environment: str, run: str, number: int) -> str:
    """The name of the run's batch job of this number; raises ValueError where Bedrock would."""
    return bedrock_name(environment, f"{run}-b{number}")


def batch_names_begin(environment: str, run: str) -> str:
    """What the names of all batch jobs of the run begin with."""
    return f"{environment}-{run}-b"


def run_of_any_name(environment: str, name: str) -> str | None:
    """The id of the run that has made something of that name, or whose model it serves for applications, or None."""
    return run_of_bedrock_name(environment, name) or run_of_standing_name(environment, name)


def client_request_token(run: str, purpose: TokenPurpose, candidate: int | None = None, since: str = "") -> str:
    """The idempotency token of the run's one request for this purpose, or of the one for a candidate or a batch job.

    `since` is the timestamp of what the request depends on beside the run: where that changes, it is another request.
    """
    token = f"{run}-{purpose}" if candidate is None else f"{run}-{purpose}-c{candidate}"
    if since:
        token += f"-{re.sub('[^0-9]', '', since)}"
    if not _TOKEN.fullmatch(token):
        raise ValueError(f"{token!r} cannot be a client request token: letters, digits and dashes only.")
    return token


def bedrock_tags(environment: str, run: str, execution_arn: str) -> dict[str, str]:
    """The tags by which a person or a clean-up finds what a run made.

    Characters that Bedrock's tags do not allow become `_`, values end at 256 characters.
    """
    return allowed_tags({"project": PROJECT, "deployment": environment, "run-id": run, "execution-arn": execution_arn})


def allowed_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """The tags with values that Bedrock allows."""
    return {name: _NOT_IN_TAGS.sub("_", value)[:_TAG_VALUE_LENGTH] for name, value in tags.items()}


class RunSource(Fact):
    """The object that started a run; `version_id` is null only where the bucket keeps no versions."""

    bucket: str
    key: str
    version_id: str | None


class Run(Fact):
    """`$.run`. `prefix` is `runs/<id>/` in the output bucket; `execution_arn` is the execution that has the run."""

    id: str
    execution_arn: str
    source: RunSource
    output_bucket: str
    prefix: str
    claimed_at: str
