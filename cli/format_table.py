"""The tables of formats in docs/data-gate.md: `make formats` writes them from the readers, a test keeps it current."""

from lambdas.domain.dataset.formats import FORMATS
from lambdas.domain.dataset.formats.refused import KINDS, TEXT_ALONE
from local.checkout import CHECKOUT

PAGE = CHECKOUT / "docs" / "data-gate.md"
BEGIN, END = "<!-- formats:begin -->", "<!-- formats:end -->"


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


def with_table(page: str) -> str:
    """The page with the current table between its markers."""
    before, rest = page.split(BEGIN)
    after = rest.split(END)[1]
    return f"{before}{BEGIN}\n{format_table()}\n{END}{after}"


def main() -> None:
    """Writes the tables anew."""
    PAGE.write_text(with_table(PAGE.read_text()))


if __name__ == "__main__":
    main()
