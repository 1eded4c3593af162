"""Results as Markdown."""

from .measure import Result


def table(title: str, results: list[Result], unable: list[str]) -> str:
    """A heading, a line for each program, and why others have none; the ratio is to milvus-certs."""
    ours = next(result.seconds for result in results if result.peer.name == "milvus-certs")
    lines = [
        f"## {title}",
        "",
        "| program | median | ratio | peak memory | differs |",
        "| --- | ---: | ---: | ---: | --- |",
        *(row(result, ours) for result in results),
        *(f"\nLeft out: {reason}" for reason in unable),
        "",
    ]
    return "\n".join(lines)


def row(result: Result, ours: float) -> str:
    name = f"**{result.peer.name}**" if result.peer.name == "milvus-certs" else result.peer.name
    memory = "?" if result.memory is None else f"{result.memory / 1e6:.1f} MB"
    ratio = f"{result.seconds / ours:.1f} ×"
    return f"| {name} | {milliseconds(result.seconds)} | {ratio} | {memory} | {result.work.differs} |"


def milliseconds(seconds: float) -> str:
    """Tenths only below ten: more is not in the measurement."""
    digits = 1 if seconds < 0.01 else 0
    return f"{seconds * 1000:.{digits}f} ms"
