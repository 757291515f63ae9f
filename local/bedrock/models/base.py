class BaseModel:
    def __init__(self, verbosity: int) -> None:
        self._verbosity = verbosity

    def answer(self, system: str, turns: tuple[tuple[str, str], ...]) -> str:
        return "Based on the information provided, the answer is unknown."
