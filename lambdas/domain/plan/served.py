"""How many of a plan's candidates are served: the chosen one, which nobody knows before the training, and those named.

Costs and checks before the run count the most that `serve` can lead to.
"""

from lambdas.domain.plan.plan import Plan
from lambdas.domain.training.serve import is_served


def named_to_serve(plan: Plan) -> list[int]:
    """The numbers of the candidates that are served whichever is chosen; a single one is always chosen."""
    numbers = [each.number for each in plan.candidates]
    chosen = numbers[0] if len(numbers) == 1 else None
    return [each for each in numbers if is_served(plan.serve, each, chosen)]


def most_served(plan: Plan) -> int:
    """The named candidates, and one more where the chosen one need not be among them."""
    named = len(named_to_serve(plan))
    return named if named and named == len(plan.candidates) else named + 1
