"""The reasons for which Calc refuses a calculation, in the words of the gateway's own tools."""

from arcade_core.errors import ToolInputError

ADVICE = {
    "not_a_number": "write a finite decimal number in ASCII, such as -12.5 or 3E+8",
    "not_a_whole_number": "write a whole number with digits only, such as -12",
    "number_too_long": "write the number in at most 256 bytes",
    "number_out_of_range": "a number other than zero has a magnitude from 1E-6143 to below 1E+6145",
    "list_empty": "give at least one number",
    "list_too_long": "give at most 1000 numbers",
    "division_by_zero": "give a divisor other than zero",
    "quotient_too_long": "the whole quotient has more than 34 digits: give operands closer in size",
    "result_too_large": "the magnitude of the result is 1E+6145 or more: give smaller operands",
    "result_too_small": "the magnitude of the result is below 1E-6143: give operands closer to one",
    "too_many_digits": "the result would need more than 34 digits: ask for fewer places",
    "undefined": "the result is no real number, or no single one: give other operands",
    "exponent_too_long": "give a whole exponent of at most nine digits",
    "degree_out_of_range": "give a degree from 1 to 100",
    "operand_too_large": "give a whole number from 0 to 1000",
    "bounds_reversed": "give a lower bound that is not above the upper one",
    "mode_unknown": "use half_even, half_up, half_down, up, down, floor or ceiling",
    "expression_too_long": "write the expression in at most 512 bytes",
    "expression_too_deep": "nest at most 24 levels: calculate in steps",
    "expression_too_large": "use at most 100 operations: calculate in steps",
    "expression_cut": "the expression ends where a number, a name or a parenthesis must follow",
    "character_unexpected": "use numbers, + - * / % ^, parentheses, commas and functions",
    "function_unknown": "use abs, ceil, floor, ln, log, max, mean, median, min, root, round, sqrt, sum or trunc",
    "argument_count": "give the function as many arguments as it takes",
}


class Fault(Exception):
    """A refusal by name."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def refusal(name: str, position: int | None = None) -> ToolInputError:
    """Makes the error that the worker answers with; a position counts the characters of an expression from one."""
    at = "" if position is None else f" at character {position}"
    extra = {"fault": name} if position is None else {"fault": name, "position": position}
    message = f"Invalid input: {name}{at}: {ADVICE[name]}"
    return ToolInputError(message, developer_message=message, extra=extra)
