"""Waits until the upload of a folder is over: tools upload in parallel, so train.jsonl may come before its siblings."""

from collections.abc import Mapping

from lambdas.adapters.aws.object_store import ListedObject
from lambdas.adapters.stores.uploaded_files import UploadedFiles
from lambdas.domain.core.timestamps import seconds_between
from lambdas.steps.clock import Clock

# docs/decisions/folders-settle.md says why so long.
QUIET_SECONDS = 20.0
LONGEST_SECONDS = 120.0


def wait_for_upload(files: UploadedFiles, clock: Clock) -> Mapping[str, ListedObject]:
    """The folder's files by name, once none has arrived for QUIET_SECONDS; after LONGEST_SECONDS in any case.

    A data set of one file is not waited for: it has no siblings. Raises ServiceBusy and Refused.
    """
    waited = 0.0
    while True:
        folder = files.folder()
        age = min((seconds_between(each.modified, clock.now()) for each in folder.values()), default=QUIET_SECONDS)
        if age >= QUIET_SECONDS or waited >= LONGEST_SECONDS:
            return folder
        # S3 tells times in whole seconds.
        pause = min(QUIET_SECONDS, max(1.0, QUIET_SECONDS - age))
        clock.sleep(pause)
        waited += pause
