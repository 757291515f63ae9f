"""What a user gives the demo: a data set file, or a folder with a data set that is split already."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.deployment import DeployedEnvironment
from local.embedded_aws import EmbeddedAws

# In the order of upload: train.jsonl starts the run, so its siblings are there before it.
FOLDER_FILES = ("validation.jsonl", "test.jsonl", "run.json", "train.jsonl")


class NoDataSetError(Exception):
    """There is no data set at the given path."""


@dataclass(frozen=True)
class Upload:
    """Files by their keys in the input bucket, in the order of upload; the last one starts the run."""

    files: Mapping[str, Path]

    @property
    def key(self) -> str:
        """The key that starts the run."""
        return [*self.files][-1]

    def drop(self, aws: EmbeddedAws, deployment: DeployedEnvironment) -> None:
        """Upload the files into the deployment's input bucket."""
        s3 = aws.client("s3")
        for key, path in self.files.items():
            s3.upload_file(str(path), deployment.input_bucket, key)


def upload_of(data: Path) -> Upload:
    """The upload of a file or a folder; raises NoDataSetError where there is nothing that starts a run."""
    if data.is_file():
        return Upload({f"input/{data.stem}.jsonl": data})
    if data.is_dir():
        files = {f"input/{data.resolve().name}/{name}": data / name for name in FOLDER_FILES if (data / name).is_file()}
        if not (data / "train.jsonl").is_file():
            raise NoDataSetError(
                f"The folder {data} has no train.jsonl. It may also have {', '.join(FOLDER_FILES[:3])}."
            )
        return Upload(files)
    raise NoDataSetError(f"There is no file or folder {data}. DATA is a JSONL file, or a folder with train.jsonl.")
