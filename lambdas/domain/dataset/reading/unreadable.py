"""A file that cannot be read on: what a reader raises, once, wherever in the file it stands."""


class UnreadableFileError(Exception):
    """One finding about the whole file: the rule, the line if known, and what to do if not as the rule says."""

    def __init__(self, rule: str, message: str, line: int | None = None, *, remedy: str = "") -> None:
        super().__init__(message)
        self.rule, self.message, self.line, self.remedy = rule, message, line, remedy
