"""The table of formats in docs/data-gate.md, from the readers: `make formats` writes it, a test keeps it current."""

from lambdas.domain.dataset.formats import FORMATS
from local.checkout import CHECKOUT

PAGE = CHECKOUT / "docs" / "data-gate.md"
BEGIN, END = "<!-- formats:begin -->", "<!-- formats:end -->"


def format_table() -> str:
    """One line for each format, in the order in which a record's keys are compared with them."""
    rows = [f"| {each.title} | `{each.example}` |" for each in FORMATS]
    return "\n".join(["| format | a record |", "| --- | --- |", *rows])


def with_table(page: str) -> str:
    """The page with the current table between its markers."""
    before, rest = page.split(BEGIN)
    after = rest.split(END)[1]
    return f"{before}{BEGIN}\n{format_table()}\n{END}{after}"


def main() -> None:
    """Writes the table anew."""
    PAGE.write_text(with_table(PAGE.read_text()))


if __name__ == "__main__":
    main()
