"""Chat completions: whole, with a tool call, and as a stream whose chunks arrive one by one."""

import json
import time

import arcadepy

from harness import holds, same

WORDS = "one two three four five six seven eight"
# The stand-in pauses after each of some ten chunks; a buffered stream would show no time between the first and the last.
SPREAD_S = 0.1


def run(drive):
    completions = drive.client.chat.completions
    with drive.check("chat"):
        answer = completions.create(model="stand-in", messages=[{"role": "user", "content": WORDS}])
        same((answer.object, answer.model), ("chat.completion", "stand-in"), "object, model")
        choice = answer.choices[0]
        same((choice.message.role, choice.message.content, choice.finish_reason), ("assistant", f"You said: {WORDS}", "stop"), "choice")
        same((answer.usage.prompt_tokens, answer.usage.completion_tokens, answer.usage.total_tokens), (8, 10, 18), "usage")
    with drive.check("chat with a tool"):
        messages = [{"role": "user", "content": "x"}]
        answer = completions.create(model="stand-in", messages=messages, tools=["Echo.Say"], tool_choice="generate", user=drive.user)
        call = answer.choices[0].message.tool_calls[0]
        same((answer.choices[0].finish_reason, call.type, call.function.name), ("tool_calls", "function", "Echo_Say"), "tool call")
    with drive.check("chat with a tool that needs consent"):
        answer = completions.create(model="stand-in", messages=[{"role": "user", "content": "x"}], tools=["Mail.Search"], user=drive.user)
        same(answer.choices[0].tool_authorizations[0].provider_id, "stand-in-mail", "provider")
    with drive.check("chat without messages"):
        drive.refused(400, arcadepy.BadRequestError, lambda: completions.create(model="stand-in"))
    with drive.check("chat streamed"):
        stream(drive)


def stream(drive):
    messages = [{"role": "user", "content": WORDS}]
    arrivals, deltas, ended = [], [], None
    with drive.client.chat.completions.with_streaming_response.create(model="stand-in", messages=messages, stream=True) as response:
        holds(response.headers["content-type"].startswith("text/event-stream"), f"content type {response.headers['content-type']}")
        for line in response.iter_lines():
            if not line:
                continue
            holds(line.startswith("data: "), f"no event: {line!r}")
            holds(ended != "[DONE]", "something follows [DONE]")
            if line == "data: [DONE]":
                ended = "[DONE]"
                continue
            arrivals.append(time.monotonic())
            choice = json.loads(line[len("data: "):])["choices"][0]
            deltas.append(choice["delta"].get("content", ""))
            last = choice["finish_reason"]
    same(ended, "[DONE]", "the end")
    same(last, "stop", "finish_reason")
    same("".join(deltas), f"You said: {WORDS}", "content")
    same(len(deltas), 11, "chunks")
    spread = arrivals[-1] - arrivals[0]
    holds(spread >= SPREAD_S, f"all chunks came within {spread * 1000:.0f} ms: the stream is buffered")
