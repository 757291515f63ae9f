"""How large a set may be: the bytes of its file, before it is read, and its records, once they are counted."""

from lambdas.domain.dataset.record_facts import MAX_RECORDS
from lambdas.domain.dataset.record_set import MAX_FILE_BYTES, RecordSet
from lambdas.domain.dataset.report import DatasetReport
from lambdas.domain.dataset.set_names import SetName
from lambdas.domain.models.catalogue import BaseModelEntry, SetLimits

# Fewer test records give no figure worth comparing.
MIN_TEST_RECORDS = 10
# Each function that asks a model reads the test set up to the records that it asks about.
MAX_TEST_BYTES = 1 << 30


def max_bytes(set_name: SetName, model: BaseModelEntry) -> int:
    """The most bytes of a set's file, packed and unpacked."""
    return min(_limits(set_name, model).max_bytes, MAX_TEST_BYTES if set_name == "test" else MAX_FILE_BYTES)


def check_size(size_bytes: int, set_name: SetName, file: str, model: BaseModelEntry, report: DatasetReport) -> bool:
    """Whether a file may be read at all; a file that is too large is refused before it is."""
    most = max_bytes(set_name, model)
    if size_bytes > most:
        report.add("file-size", file, f"The file has {size_bytes} bytes; at most {most} can be used.")
        return False
    return True


def check_count(read: RecordSet, set_name: SetName, model: BaseModelEntry, report: DatasetReport) -> None:
    """Compares the number of a set's records, right or wrong, with its limits."""
    if not read.records_read or not read.is_whole:
        return
    if set_name == "test":
        least, most = MIN_TEST_RECORDS, MAX_RECORDS
    else:
        limits = _limits(set_name, model)
        least, most = limits.min_records, limits.max_records
    if read.records_read < least:
        message = f"The {set_name} set has {read.records_read} records; at least {least} are needed."
        report.add("too-few-records", read.file, message)
    if read.records_read > most:
        message = f"The {set_name} set has {read.records_read} records; at most {most} can be used."
        report.add("too-many-records", read.file, message)


def _limits(set_name: SetName, model: BaseModelEntry) -> SetLimits:
    """Test sets have the validation set's limits, and training's where the model takes no validation set."""
    limits = model.limits
    return limits.train if set_name == "train" or limits.validation is None else limits.validation
