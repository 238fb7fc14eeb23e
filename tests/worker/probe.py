"""The Probe toolkit: a tool for each way in which a call can go, so that tests need no service but this worker."""

import time
from typing import Annotated, TypedDict

from arcade_core.errors import RetryableToolError
from arcade_mcp_server import tool
from arcade_mcp_server.auth import OAuth2
from arcade_mcp_server.metadata import Behavior, Operation, ToolMetadata


def behavior(operation: Operation, *, read_only: bool, destructive: bool = False, idempotent: bool = True) -> ToolMetadata:
    return ToolMetadata(behavior=Behavior(
        operations=[operation], read_only=read_only, destructive=destructive, idempotent=idempotent, open_world=False))


READS = behavior(Operation.READ, read_only=True)
NOTES: dict[str, str] = {}


class Typed(TypedDict):
    """What `typed` answers."""

    flag: bool
    count: int
    ratio: float
    words: list[str]


@tool(metadata=READS)
def read(name: Annotated[str, "The name of a note"]) -> Annotated[str, "The note, or nothing"]:
    """Reads a note."""
    return NOTES.get(name, "")


@tool(metadata=behavior(Operation.UPDATE, read_only=False))
def write(
    name: Annotated[str, "The name of a note"], text: Annotated[str, "The note"]
) -> Annotated[int, "The number of notes"]:
    """Writes a note over the one of the same name."""
    if len(NOTES) < 1_000 or name in NOTES:
        NOTES[name] = text[:1_000]
    return len(NOTES)


@tool(metadata=behavior(Operation.CREATE, read_only=False, idempotent=False))
def append(
    name: Annotated[str, "The name of a note"], text: Annotated[str, "What to add"]
) -> Annotated[str, "The whole note"]:
    """Adds to the end of a note: twice is not once."""
    NOTES[name] = (NOTES.get(name, "") + text)[:1_000]
    return NOTES[name]


@tool(metadata=READS)
def wait(milliseconds: Annotated[int, "How long, 10000 at most"]) -> Annotated[int, "How long it was"]:
    """Answers late."""
    wanted = max(0, min(milliseconds, 10_000))
    time.sleep(wanted / 1_000)
    return wanted


@tool(metadata=READS)
def fail(again: Annotated[bool, "The error says that another attempt may help"]) -> Annotated[str, "Nothing"]:
    """Fails, with or without advice to try again."""
    if again:
        raise RetryableToolError("not this time", additional_prompt_content="try once more", retry_after_ms=50)
    raise LookupError("nothing is there")


@tool(metadata=READS)
def echo(value: Annotated[dict, "Anything"]) -> Annotated[dict, "The same"]:
    """Answers what it is given."""
    return value


@tool(metadata=READS, requires_auth=OAuth2(id="probe", scopes=["probe.read"]))
def consented() -> Annotated[str, "A greeting"]:
    """Answers only where the user has given consent."""
    return "hello"


@tool(metadata=READS)
def large(kilobytes: Annotated[int, "How much, 4096 at most"]) -> Annotated[str, "As many kilobytes of one letter"]:
    """Answers at length."""
    return "x" * (1_024 * max(0, min(kilobytes, 4_096)))


@tool(metadata=READS)
def typed(
    flag: Annotated[bool, "Yes or no"],
    count: Annotated[int, "A whole number"],
    ratio: Annotated[float, "A number"],
    words: Annotated[list[str], "Some words"],
) -> Annotated[Typed, "What was given"]:
    """Takes and gives a value of each type."""
    return {"flag": flag, "count": count, "ratio": ratio, "words": words}


TOOLS = [read, write, append, wait, fail, echo, consented, large, typed]
