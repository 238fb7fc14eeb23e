"""Calc's expressions: the same grammar, the same faults at the same characters, by `arithmetic`."""

import re
from collections.abc import Callable
from decimal import Decimal

import arithmetic
from arithmetic import logarithm, number, root, rounded
from faults import Fault

BINARY = {"+": arithmetic.plus, "-": arithmetic.minus, "*": arithmetic.times, "/": arithmetic.divided_by,
          "%": arithmetic.remainder, "^": arithmetic.raised_to}
ANY = 1000
#: The least and the most arguments, and the function.
FUNCTIONS: dict[str, tuple[int, int, Callable[..., Decimal]]] = {
    "abs": (1, 1, arithmetic.magnitude),
    "ceil": (1, 1, lambda a: rounded(a, Decimal(0), "ceiling")),
    "floor": (1, 1, lambda a: rounded(a, Decimal(0), "floor")),
    "ln": (1, 1, lambda a: logarithm(a, None)),
    "log": (2, 2, logarithm),
    "max": (1, ANY, lambda *values: max(values)),
    "mean": (1, ANY, lambda *values: arithmetic.mean(values)),
    "median": (1, ANY, lambda *values: arithmetic.middle_value(values)),
    "min": (1, ANY, lambda *values: min(values)),
    "root": (2, 2, root),
    "round": (1, 2, lambda a, places=Decimal(0): rounded(a, places, "half_even")),
    "sqrt": (1, 1, lambda a: root(a, Decimal(2))),
    "sum": (1, ANY, lambda *values: arithmetic.total(values)),
    "trunc": (1, 1, lambda a: rounded(a, Decimal(0), "down")),
}


class Located(Exception):
    """A fault at a character, counted from one."""

    def __init__(self, name: str, at: int) -> None:
        super().__init__(name)
        self.name, self.position = name, at + 1


class Reader:
    """Reads from left to right and calculates at once."""

    def __init__(self, text: str) -> None:
        self.text, self.at, self.depth, self.operations = text, 0, 0, 0

    def peek(self) -> str:
        while self.text.startswith(" ", self.at):
            self.at += 1
        return self.text[self.at:self.at + 1]

    def take(self, wanted: str) -> bool:
        found = self.peek() == wanted
        self.at += found
        return found

    def unexpected(self) -> Located:
        return Located("expression_cut" if self.at >= len(self.text) else "character_unexpected", self.at)

    def run(self, pattern: str) -> str:
        found = re.compile(pattern).match(self.text, self.at)[0]
        self.at += len(found)
        return found

    def apply(self, at: int, operation: Callable[..., Decimal], *operands: Decimal) -> Decimal:
        try:
            return operation(*operands)
        except Fault as fault:
            raise Located(fault.name, at) from None

    def count(self, at: int) -> None:
        self.operations += 1
        if self.operations > 100:
            raise Located("expression_too_large", at)

    def deeper(self, read: Callable):
        self.depth += 1
        if self.depth > 24:
            raise Located("expression_too_deep", self.at)
        result = read()
        self.depth -= 1
        return result

    def chain(self, operators: str, operand: Callable[[], Decimal]) -> Decimal:
        left = operand()
        while (operator := self.peek()) and operator in operators:
            at = self.at
            self.at += 1
            right = operand()
            self.count(at)
            left = self.apply(at, BINARY[operator], left, right)
        return left

    def sum(self) -> Decimal:
        return self.chain("+-", lambda: self.chain("*/%", self.sign))

    def sign(self) -> Decimal:
        if self.take("+"):
            return self.deeper(self.sign)
        if not self.take("-"):
            return self.power()
        at = self.at - 1
        operand = self.deeper(self.sign)
        self.count(at)
        return self.apply(at, arithmetic.negated, operand)

    def power(self) -> Decimal:
        base = self.primary()
        if not self.take("^"):
            return base
        at = self.at - 1
        exponent = self.deeper(self.sign)
        self.count(at)
        return self.apply(at, arithmetic.raised_to, base, exponent)

    def primary(self) -> Decimal:
        character = self.peek()
        if self.take("("):
            value = self.deeper(self.sum)
            if not self.take(")"):
                raise self.unexpected()
            return value
        if character and character in "0123456789.":
            at = self.at
            return self.apply(at, number, self.run(r"[0-9.]+([eE][+-]?[0-9]+)?"))
        if "a" <= character <= "z":
            return self.call()
        raise self.unexpected()

    def arguments(self) -> list[Decimal]:
        values = [self.sum()]
        while self.take(","):
            values.append(self.sum())
        if not self.take(")"):
            raise self.unexpected()
        return values

    def call(self) -> Decimal:
        at = self.at
        name = self.run("[a-z]+")
        if name not in FUNCTIONS:
            raise Located("function_unknown", at)
        least, most, function = FUNCTIONS[name]
        if not self.take("("):
            raise self.unexpected()
        values = self.deeper(self.arguments)
        self.count(at)
        if not least <= len(values) <= most:
            raise Located("argument_count", at)
        return self.apply(at, function, *values)


def evaluate(text: str) -> Decimal:
    if len(text.encode()) > 512:
        raise Fault("expression_too_long")
    reader = Reader(text)
    value = reader.sum()
    if reader.peek():
        raise reader.unexpected()
    return value
