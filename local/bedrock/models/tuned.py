class TunedModel:
    @classmethod
    def fit(cls, examples: list) -> "TunedModel":
        return cls()

    def answer(self, system: str, turns: tuple[tuple[str, str], ...]) -> str:
        return "unknown"
