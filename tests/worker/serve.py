"""Serves toolkits of our own over the Arcade worker protocol on 127.0.0.1: Calc, the counterpart of the differential tests, and Probe.

    ARCADE_WORKER_SECRET=... python serve.py --port 0

Prints the port as the first line on stdout once it is bound. Port 0 picks a free one. With --with-parent the worker ends when
its stdin is closed, so that it cannot outlive the test that started it.
"""

import argparse
import os
import socket
import sys
import threading

os.environ["ARCADE_USAGE_TRACKING"] = "0"

import uvicorn  # noqa: E402
from arcade_core.catalog import ToolCatalog  # noqa: E402
from arcade_mcp_server.logging_utils import setup_logging  # noqa: E402
from arcade_mcp_server.worker import create_arcade_mcp  # noqa: E402

import calc  # noqa: E402
import probe  # noqa: E402

TOOLKITS = [
    ("Calc", "1.0.0", "Exact decimal calculations that run inside the gateway.", calc.TOOLS),
    ("Probe", "1.0.0", "A tool for each way in which a call can go.", probe.TOOLS),
]


def catalogue() -> ToolCatalog:
    tools = ToolCatalog()
    for name, version, description, functions in TOOLKITS:
        for function in functions:
            tools.add_tool(function, name, toolkit_version=version, toolkit_description=description)
    return tools


def end_with_parent(server: uvicorn.Server) -> None:
    sys.stdin.buffer.read()
    server.should_exit = True


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--with-parent", action="store_true")
    arguments = parser.parse_args()
    if not os.environ.get("ARCADE_WORKER_SECRET"):
        sys.exit("ARCADE_WORKER_SECRET is not set: the worker has no worker routes without it")

    setup_logging(level="ERROR", stdio_mode=True)
    app = create_arcade_mcp(catalog=catalogue())
    server = uvicorn.Server(
        uvicorn.Config(app, log_level="error", access_log=False, timeout_graceful_shutdown=2)
    )
    # asyncio sends without delay (TCP_NODELAY) only on a socket that says it is TCP; with the delay, a call takes 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", arguments.port))
    print(listener.getsockname()[1], flush=True)
    if arguments.with_parent:
        threading.Thread(target=end_with_parent, args=(server,), daemon=True).start()
    server.run(sockets=[listener])


if __name__ == "__main__":
    main()
