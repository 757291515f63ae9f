"""A number with the word for what is counted: `1 record`, `2 records`."""


def counted(number: float, one: str, many: str | None = None) -> str:
    """The number with thousands separators, and the word in the singular or the plural."""
    digits = f"{number:,}" if isinstance(number, int) else f"{number:,g}"
    return f"{digits} {one if number == 1 else many or f'{one}s'}"
