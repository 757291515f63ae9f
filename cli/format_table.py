"""The tables of formats in docs/data-gate.md: `make formats` writes them from the readers, a test keeps it current."""

from lambdas.domain.dataset.formats import FORMATS
from lambdas.domain.dataset.formats.refused import KINDS, TEXT_ALONE
from lambdas.domain.dataset.reading.kinds import endings, kinds_of_files
from local.checkout import CHECKOUT

PAGE = CHECKOUT / "docs" / "data-gate.md"
FILES = ("<!-- files:begin -->", "<!-- files:end -->")
FORMATS_OF_RECORDS = ("<!-- formats:begin -->", "<!-- formats:end -->")


def format_table() -> str:
    """A line for each format, in the order in which a record's keys are compared with them, and for what is none."""
    rows = [f"| {each.title} | `{each.example}` | {each.note} |" for each in FORMATS]
    refused = [f"| {kind.what} | {kind.remedy} |" for kind in (*KINDS, TEXT_ALONE)]
    return "\n".join(
        [
            "| format | a record | beside it |",
            "| --- | --- | --- |",
            *rows,
            "",
            "Data that is sound for something else is named as what it is (`unsupported-format`):",
            "",
            "| records contain | what you can do |",
            "| --- | --- |",
            *refused,
        ]
    )


def file_table() -> str:
    """A line for each kind of file."""
    rows = [f"| {kind} | {what} |" for kind, what in kinds_of_files().items()]
    return "\n".join(["| file | what is read |", "| --- | --- |", *rows, "", f"Names end in {endings()}."])


def with_table(page: str) -> str:
    """The page with the current tables between their markers."""
    for (begin, end), table in ((FILES, file_table()), (FORMATS_OF_RECORDS, format_table())):
        before, rest = page.split(begin)
        page = f"{before}{begin}\n{table}\n{end}{rest.split(end)[1]}"
    return page


def main() -> None:
    """Writes the tables anew."""
    PAGE.write_text(with_table(PAGE.read_text()))


if __name__ == "__main__":
    main()
