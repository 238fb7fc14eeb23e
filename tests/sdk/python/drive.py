"""Drives every call of the official Python SDK against an Arcade engine, or against Toolgate in front of one.

usage: drive.py BASE_URL API_KEY [--mode alone|gateway]   (or ARCADE_BASE_URL and ARCADE_API_KEY)

Prints one JSON line per check and `N passed, N failed`; the exit code is 1 when one failed.
"""

import argparse
import os
import sys

import chat_checks
import admin_checks
import auth_checks
import execute_checks
import tools_checks
import worker_checks
from harness import Drive

GROUPS = (tools_checks, execute_checks, auth_checks, worker_checks, admin_checks, chat_checks)


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("base_url", nargs="?", default=os.environ.get("ARCADE_BASE_URL"))
    parser.add_argument("api_key", nargs="?", default=os.environ.get("ARCADE_API_KEY"))
    parser.add_argument("--mode", choices=("alone", "gateway"), default="alone")
    parser.add_argument("--user", default="py-user@example.com", help="the user to call for")
    parser.add_argument("--other-user", default="py-other@example.com", help="a second one, whose answers must differ")
    parser.add_argument("--prefix", help="a path below which the same routes are served, such as /arcade")
    parser.add_argument("--worker-url", help="a worker that the engine can be told to register")
    parser.add_argument("--worker-secret", help="that worker's secret")
    parser.add_argument("--calc", action="store_true", help="the Calc toolkit of a real worker is on offer")
    chosen = parser.parse_args()
    if not chosen.base_url or not chosen.api_key:
        parser.error("BASE_URL and API_KEY are needed, as arguments or in the environment")
    return chosen


def main():
    drive = Drive(options())
    for group in GROUPS:
        group.run(drive)
    print(f"{drive.passed} passed, {drive.failed} failed", flush=True)
    return 1 if drive.failed else 0


if __name__ == "__main__":
    sys.exit(main())
