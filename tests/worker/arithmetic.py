"""Calc's arithmetic by the standard library's `decimal`: the oracle of the gateway's own."""

import math
import re
from collections.abc import Callable, Sequence
from decimal import (
    ROUND_CEILING,
    ROUND_DOWN,
    ROUND_FLOOR,
    ROUND_HALF_DOWN,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    ROUND_UP,
    Context,
    Decimal,
    DivisionByZero,
    InvalidOperation,
    Overflow,
    Subnormal,
    Underflow,
)

from faults import Fault

#: The decimal128 format; subnormal results are refused.
CONTEXT = Context(prec=34, rounding=ROUND_HALF_EVEN, Emin=-6143, Emax=6144, clamp=0,
                  traps=[InvalidOperation, DivisionByZero, Overflow, Underflow, Subnormal])
#: For what is rounded once more.
WIDE = Context(prec=80, rounding=ROUND_HALF_EVEN, Emin=-999_999, Emax=999_999, traps=[])
SMALLEST_EXPONENT = -6143 - 33
MODES = {"half_even": ROUND_HALF_EVEN, "half_up": ROUND_HALF_UP, "half_down": ROUND_HALF_DOWN, "up": ROUND_UP,
         "down": ROUND_DOWN, "floor": ROUND_FLOOR, "ceiling": ROUND_CEILING}


def number(text: str) -> Decimal:
    if len(text.encode()) > 256:
        raise Fault("number_too_long")
    if not re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", text):
        raise Fault("not_a_number")
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise Fault("number_out_of_range") from None
    exponent = value.as_tuple().exponent
    if not (SMALLEST_EXPONENT <= exponent <= 6144 if value.is_zero() else -6143 <= value.adjusted() <= 6144):
        raise Fault("number_out_of_range")
    return value


def whole(text: str) -> int:
    if len(text.encode()) > 256:
        raise Fault("number_too_long")
    if not re.fullmatch(r"[+-]?[0-9]+", text):
        raise Fault("not_a_whole_number")
    return int(text)


def numbers(texts: Sequence[str]) -> list[Decimal]:
    if len(texts) > 1000:
        raise Fault("list_too_long")
    return [number(text) for text in texts]


def guarded(operation: Callable[..., Decimal], *operands: Decimal) -> Decimal:
    """Calculates, and names what the context traps."""
    try:
        return operation(*operands)
    except Overflow:
        raise Fault("result_too_large") from None
    except (Underflow, Subnormal):
        raise Fault("result_too_small") from None


def plus(a: Decimal, b: Decimal) -> Decimal:
    return guarded(CONTEXT.add, a, b)


def minus(a: Decimal, b: Decimal) -> Decimal:
    return guarded(CONTEXT.subtract, a, b)


def times(a: Decimal, b: Decimal) -> Decimal:
    return guarded(CONTEXT.multiply, a, b)


def divided_by(a: Decimal, b: Decimal) -> Decimal:
    if b.is_zero():
        raise Fault("division_by_zero")
    return guarded(CONTEXT.divide, a, b)


def remainder(a: Decimal, b: Decimal) -> Decimal:
    if b.is_zero():
        raise Fault("division_by_zero")
    try:
        return guarded(CONTEXT.remainder, a, b)
    except InvalidOperation:
        raise Fault("quotient_too_long") from None


def raised_to(a: Decimal, b: Decimal) -> Decimal:
    is_whole = b == b.to_integral_value()
    if a.is_zero() and b <= 0:
        raise Fault("undefined" if b.is_zero() else "division_by_zero")
    if a < 0 and not is_whole:
        raise Fault("undefined")
    if is_whole and not b.is_zero() and b.adjusted() >= 9:
        raise Fault("exponent_too_long")
    return guarded(CONTEXT.power, a, b)


def magnitude(a: Decimal) -> Decimal:
    return guarded(CONTEXT.abs, a)


def negated(a: Decimal) -> Decimal:
    return guarded(CONTEXT.minus, a)


def small_whole(value: Decimal) -> int | None:
    """A whole number of at most 18 digits, or nothing."""
    if value.is_zero():
        return 0
    if value.adjusted() > 17 or value != value.to_integral_value():
        return None
    return int(value)


def integer_root(radicand: int, degree: int) -> int:
    """The largest integer whose power is not above the radicand, by bisection."""
    low, high = 0, 1 << -(-radicand.bit_length() // degree)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if middle**degree <= radicand else (low, middle - 1)
    return low


def root(a: Decimal, degree: Decimal) -> Decimal:
    order = small_whole(degree)
    if order is None or not 1 <= order <= 100:
        raise Fault("degree_out_of_range")
    if a < 0 and order % 2 == 0:
        raise Fault("undefined")
    if order == 2:
        return guarded(CONTEXT.sqrt, a)
    sign, coefficient, exponent = a.as_tuple()
    ideal, rest = divmod(exponent, order)
    if a.is_zero():
        return Decimal((sign, (0,), ideal))
    radicand = int("".join(map(str, coefficient))) * 10**rest
    shift = max(0, 40 - len(str(radicand)) // order)
    scaled = radicand * 10 ** (shift * order)
    result = integer_root(scaled, order)
    exact = result**order == scaled
    # One more digit, which tells only that something follows.
    digits, exponent = (result, ideal - shift) if exact else (result * 10 + 1, ideal - shift - 1)
    while exact and exponent < ideal and digits % 10 == 0:
        digits, exponent = digits // 10, exponent + 1
    return guarded(CONTEXT.plus, Decimal((sign, tuple(map(int, str(digits))), exponent)))


def without_zeros(value: Decimal) -> Decimal:
    """Takes the zeros off the end of a fraction."""
    if value.as_tuple().exponent >= 0:
        return value
    short = value.normalize(WIDE)
    return short.quantize(Decimal(1), context=WIDE) if short.as_tuple().exponent > 0 else short


def logarithm(a: Decimal, base: Decimal | None) -> Decimal:
    if a <= 0 or (base is not None and (base <= 0 or base == 1)):
        raise Fault("undefined")
    if a == 1:
        return Decimal(0)
    quotient = WIDE.ln(a) if base is None else WIDE.divide(WIDE.ln(a), WIDE.ln(base))
    return without_zeros(guarded(CONTEXT.plus, quotient))


def rounded(a: Decimal, places: Decimal, mode: str) -> Decimal:
    count = small_whole(places)
    if count is None:
        raise Fault("not_a_whole_number")
    if not SMALLEST_EXPONENT <= -count <= 6144:
        raise Fault("too_many_digits")
    try:
        return a.quantize(Decimal((0, (1,), -count)), rounding=MODES[mode], context=CONTEXT)
    except InvalidOperation:
        raise Fault("too_many_digits") from None


def total(values: Sequence[Decimal]) -> Decimal:
    result = Decimal(0)
    for value in values:
        result = plus(result, value)
    return result


def mean(values: Sequence[Decimal]) -> Decimal:
    if not values:
        raise Fault("list_empty")
    return divided_by(total(values), Decimal(len(values)))


def middle_value(values: Sequence[Decimal]) -> Decimal:
    if not values:
        raise Fault("list_empty")
    ordered = sorted(values)
    upper = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[upper]
    return divided_by(plus(ordered[upper - 1], ordered[upper]), Decimal(2))


def common_divisor(a: str, b: str) -> int:
    return math.gcd(whole(a), whole(b))


def common_multiple(a: str, b: str) -> int:
    return math.lcm(whole(a), whole(b))


def factorial(a: str) -> int:
    operand = whole(a)
    if not 0 <= operand <= 1000:
        raise Fault("operand_too_large")
    return math.factorial(operand)
