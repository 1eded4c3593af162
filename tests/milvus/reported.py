"""Holds a JSON report of `probe` or `explain` to what is expected of it.

Usage: reported.py REPORT EXPECTATION...

An expectation is KEY=VALUE, and each that does not hold is printed. KEY is one of

    findings          the codes of all findings, each with its port if it has one: code:port,code:port
    ports             the number of ports that were looked at
    fix               words that stand in every fix
    NAME              a member of the report
    SERVICE.NAME      a member of every port of this service, as deep as there are dots

and VALUE is in JSON, except for findings and fix. Exit status 1 if something does not hold.
"""

import json
import re
import sys
from pathlib import Path


def findings_of(report: dict) -> list[str]:
    """Without repetitions: a name can have several addresses."""
    return sorted({finding["code"] + port_of(finding["file"]) for finding in report["findings"]})


def port_of(place: str) -> str:
    port = re.search(r":\d+(?= |$)", place)
    return port.group() if port else ""


def member_of(value, path: str):
    for name in path.split("."):
        if not isinstance(value, dict):
            return None
        value = value[name]
    return value


def problems_with(report: dict, key: str, value: str) -> list[str]:
    service, _, path = key.partition(".")
    if key == "findings":
        found, expected = findings_of(report), sorted(filter(None, value.split(",")))
    elif key == "fix":
        fixes = [finding["fix"] for finding in report["findings"]]
        return [f"the fix {fix!r} does not say {value!r}" for fix in fixes if value not in fix]
    elif key == "ports":
        found, expected = len(report["ports"]), json.loads(value)
    elif path:
        ports = [port for port in report["ports"] if port["service"] == service]
        members = [member_of(port, path) for port in ports]
        expected = json.loads(value)
        found = next((member for member in members if member != expected), expected if members else "no such port")
    else:
        found, expected = report[key], json.loads(value)
    return [] if found == expected else [f"{key} is {found}, and not {expected}"]


def main(file: Path, expectations: list[str]) -> int:
    try:
        report = json.loads(file.read_bytes())
    except ValueError as error:
        print(f"the report is no JSON: {error}")
        return 1
    problems = []
    for expectation in expectations:
        key, _, value = expectation.partition("=")
        problems += problems_with(report, key, value)
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
