"""The Calc toolkit on a worker: the tools of the gateway's own, definition for definition, calculated by `arithmetic`."""

import functools
import inspect
import random
from collections.abc import Callable
from decimal import Decimal
from typing import Annotated

from arcade_mcp_server import tool
from arcade_mcp_server.metadata import Behavior, Operation, ToolMetadata

import arithmetic
from arithmetic import number, whole
from expression import Located, evaluate as evaluate_expression
from faults import Fault, refusal

READS = ToolMetadata(behavior=Behavior(operations=[Operation.READ], read_only=True, destructive=False, idempotent=True, open_world=False))

TOOLS: list[Callable] = []

Left = Annotated[str, "The number on the left, such as -12.5 or 3E+8"]
Right = Annotated[str, "The number on the right"]
List = Annotated[list[str], "Decimal numbers, at most 1000"]
OneWhole = Annotated[str, "A whole number, such as -12"]
OtherWhole = Annotated[str, "Another whole number"]


def calculates(function: Callable) -> Callable:
    """Registers a tool, and turns its faults into the worker's errors."""

    @functools.wraps(function)
    def run(*arguments, **named):
        try:
            return str(function(*arguments, **named))
        except Located as fault:
            raise refusal(fault.name, fault.position) from None
        except Fault as fault:
            raise refusal(fault.name) from None

    run.__signature__ = inspect.signature(function)
    TOOLS.append(tool(metadata=READS)(run))
    return run


@calculates
def plus(a: Left, b: Right) -> Annotated[str, "The sum"]:
    """Adds two decimal numbers, to 34 digits."""
    return arithmetic.plus(number(a), number(b))


@calculates
def minus(a: Left, b: Right) -> Annotated[str, "The number on the left less the one on the right"]:
    """Takes one decimal number from another, to 34 digits."""
    return arithmetic.minus(number(a), number(b))


@calculates
def times(a: Left, b: Right) -> Annotated[str, "The product"]:
    """Multiplies two decimal numbers, to 34 digits."""
    return arithmetic.times(number(a), number(b))


@calculates
def divided_by(a: Left, b: Right) -> Annotated[str, "The number on the left divided by the one on the right"]:
    """Divides one decimal number by another, to 34 digits."""
    return arithmetic.divided_by(number(a), number(b))


@calculates
def remainder(a: Left, b: Right) -> Annotated[str, "The remainder"]:
    """Finds what remains of a division with a whole quotient; its sign is that of the dividend."""
    return arithmetic.remainder(number(a), number(b))


@calculates
def raised_to(a: Left, b: Right) -> Annotated[str, "The number on the left raised to the one on the right"]:
    """Raises a decimal number to a power, whole or not, to 34 digits."""
    return arithmetic.raised_to(number(a), number(b))


@calculates
def root(
    a: Annotated[str, "The number to take the root of"],
    degree: Annotated[str | None, "The degree of the root, from 1 to 100; 2, the square root, when left out"] = None,
) -> Annotated[str, "The root"]:
    """Takes the square root of a decimal number, or another real root, to 34 digits."""
    order = Decimal(2) if degree is None else number(degree)
    return arithmetic.root(number(a), order)


@calculates
def logarithm(
    a: Annotated[str, "The number to take the logarithm of, above zero"],
    base: Annotated[str | None, "The base, above zero and not one; the natural logarithm when left out"] = None,
) -> Annotated[str, "The logarithm"]:
    """Takes the natural logarithm of a decimal number, or that to another base, to 34 digits."""
    to = None if base is None else number(base)
    return arithmetic.logarithm(number(a), to)


@calculates
def magnitude(a: Annotated[str, "A decimal number, such as -12.5 or 3E+8"]) -> Annotated[str, "The absolute value"]:
    """Takes the sign off a decimal number."""
    return arithmetic.magnitude(number(a))


@calculates
def rounded(
    a: Annotated[str, "The number to round"],
    places: Annotated[str | None, "Digits to keep behind the point, or a negative whole number for places before it; 0 when left out"] = None,
    mode: Annotated[str | None, "The direction: half_even (when left out), half_up, half_down, up, down, floor or ceiling"] = None,
) -> Annotated[str, "The rounded number"]:
    """Rounds a decimal number to a number of places, in one of seven directions."""
    count = Decimal(0) if places is None else number(places)
    direction = "half_even" if mode is None else mode
    if direction not in arithmetic.MODES:
        raise Fault("mode_unknown")
    return arithmetic.rounded(number(a), count, direction)


@calculates
def total(numbers: List) -> Annotated[str, "The sum of the list"]:
    """Adds the numbers of a list from the first to the last; nothing adds up to 0."""
    return arithmetic.total(arithmetic.numbers(numbers))


@calculates
def mean(numbers: List) -> Annotated[str, "The sum of the list divided by its length"]:
    """Finds the arithmetic mean of a list of numbers."""
    return arithmetic.mean(arithmetic.numbers(numbers))


@calculates
def middle_value(numbers: List) -> Annotated[str, "The median"]:
    """Finds the median of a list of numbers: the one in the middle of their order, or the mean of the two."""
    return arithmetic.middle_value(arithmetic.numbers(numbers))


@calculates
def common_divisor(a: OneWhole, b: OtherWhole) -> Annotated[str, "The greatest common divisor"]:
    """Finds the greatest whole number that divides two whole numbers."""
    return arithmetic.common_divisor(a, b)


@calculates
def common_multiple(a: OneWhole, b: OtherWhole) -> Annotated[str, "The least common multiple"]:
    """Finds the least whole number that two whole numbers divide; 0 when one of them is 0."""
    return arithmetic.common_multiple(a, b)


@calculates
def arrangements(a: Annotated[str, "A whole number from 0 to 1000"]) -> Annotated[str, "The factorial"]:
    """Counts the orders in which a number of things can stand: its factorial, with every digit."""
    return arithmetic.factorial(a)


@calculates
def evaluate(
    expression: Annotated[str, "An expression, such as (1 + 0.05)^10 * round(99.995, 2): numbers, + - * / % ^, parentheses, and the functions abs, ceil, floor, ln, log(number, base), max, mean, median, min, root(number, degree), round(number, places), sqrt, sum and trunc"],
) -> Annotated[str, "The value of the expression"]:
    """Calculates an expression; each of its operations is rounded to 34 digits."""
    return evaluate_expression(expression)


@calculates
def draw(
    low: Annotated[str, "The smallest whole number that may be drawn, of at most 64 bits"],
    high: Annotated[str, "The largest whole number that may be drawn, of at most 64 bits"],
) -> Annotated[str, "The number drawn"]:
    """Draws a random whole number between two bounds, both included."""
    least, most = bound(low), bound(high)
    if least > most:
        raise Fault("bounds_reversed")
    return random.randint(least, most)


def bound(text: str) -> int:
    value = whole(text)
    if not -(2**63) <= value < 2**63:
        raise Fault("number_out_of_range")
    return value
