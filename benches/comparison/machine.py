"""What the machine is that the times belong to."""

import os
import platform
from pathlib import Path


def processor() -> str:
    """The processor's name, and how many of its cores there are to use."""
    return f"{model()}, {len(os.sched_getaffinity(0))} cores"


def model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def system() -> str:
    """The distribution and its kernel."""
    return f"{distribution()}, {platform.system()} {platform.release()}"


def distribution() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        return "unknown distribution"
