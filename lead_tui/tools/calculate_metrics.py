"""`calculate_metrics`: what numbers come to."""

import math
import statistics
from typing import Annotated, Any

from pydantic import Field

from lead_tui.errors import AgentError, Category, failed
from lead_tui.tools.tool import tool

Number = int | float
Percentile = Annotated[float, Field(ge=0, le=100)]
DEFAULT = (50.0, 90.0, 95.0, 99.0)


@tool(category="data", idempotent=True)
def calculate_metrics(
    data: list[Any], field: str = "", percentiles: tuple[Percentile, ...] = DEFAULT
) -> dict[str, Any]:
    """Count, sum, mean, median, minimum, maximum, standard deviation and percentiles of numbers.

    Args:
        data: Numbers, or records if `field` is given. What is null or absent counts as missing.
        field: The field of each record that holds the number; dots lead into records within (`usage.tokens`).
        percentiles: Which ones, 0 to 100; between two numbers the value is interpolated.

    """
    values = [_number(_at(each, field), place) for place, each in enumerate(data)]
    numbers = sorted(each for each in values if each is not None)
    found: dict[str, Any] = {"count": len(numbers), "missing": len(values) - len(numbers)}
    names = ("sum", "mean", "median", "min", "max", "stdev")
    if not numbers:
        return found | dict.fromkeys(names) | {"percentiles": {}}
    try:
        figures = (
            _sum(numbers), statistics.fmean(numbers), statistics.median(numbers),
            numbers[0], numbers[-1], _deviation(numbers),
        )  # fmt: skip
        at = {"p" + str(each).removesuffix(".0"): _percentile(numbers, each) for each in percentiles}
    except OverflowError:
        raise _bad("these numbers are too large to calculate with") from None
    return found | dict(zip(names, figures, strict=True)) | {"percentiles": at}


def _at(value: Any, field: str) -> Any:
    for name in field.split(".") if field else ():
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def _number(value: Any, place: int) -> Number | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        kind = (
            "a record: name its `field`" if isinstance(value, dict) else f"{type(value).__name__}, no number"
        )
        raise _bad(f"data[{place}] is {kind}")
    if isinstance(value, float) and not math.isfinite(value):
        raise _bad(f"data[{place}] is {value}")
    return value


def _sum(numbers: list[Number]) -> Number:
    """Exact for whole numbers, correctly rounded for others."""
    return sum(numbers) if all(isinstance(each, int) for each in numbers) else math.fsum(numbers)


def _deviation(numbers: list[Number]) -> float | None:
    """Of a sample, n - 1; None for a single number."""
    return statistics.stdev(numbers) if len(numbers) > 1 else None


def _percentile(numbers: list[Number], percent: float) -> float:
    """Linear interpolation between the closest ranks (type 7 of Hyndman and Fan, as in NumPy and Excel)."""
    place = (len(numbers) - 1) * percent / 100
    below = math.floor(place)
    low, high = numbers[below], numbers[min(below + 1, len(numbers) - 1)]
    return min(low + (place - below) * (high - low), float(high))  # a rounded sum may pass the higher one


def _bad(message: str) -> AgentError:
    return failed(Category.TOOL, message, code="bad_data")
