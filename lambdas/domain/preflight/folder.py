"""Check of the uploaded folder: what came or changed after the data was read would be ignored by a paid training."""

from collections.abc import Mapping

from lambdas.domain.core.outside_text import name
from lambdas.domain.core.unknown import Unknown
from lambdas.domain.dataset.folder import TRAIN_FILE, changed_siblings
from lambdas.domain.preflight.checks import Check, fail, report_unknown

FILES = "files-unchanged"


def files_unchanged(
    folder: str, read: Mapping[str, str], now: Mapping[str, str] | Unknown, training_file: str = TRAIN_FILE
) -> Check:
    """The check `files-unchanged`; `read` and `now` are the ETags of the siblings by name."""
    if isinstance(now, Unknown):
        return report_unknown(FILES, now, "error", "Allow s3:ListBucket on the input bucket.")
    changed = changed_siblings(read, now)
    if not changed:
        return Check(FILES)
    message = f"Since the data set was read, {' and '.join(changed)} in {name(folder)}: the run does not know that."
    remedy = (
        f"Upload {name(training_file)} again, after all other files of the folder: that starts a run that reads them."
    )
    return fail(FILES, message, remedy)
