"""A number with the word for what is counted: `1 record`, `2 records`."""


def counted(number: int, one: str, many: str | None = None) -> str:
    """The number with thousands separators, and the word in the singular or the plural."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"
