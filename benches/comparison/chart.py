"""Results as a bar chart, an SVG that fits a light and a dark page."""

from xml.sax.saxutils import escape

from .measure import Result
from .table import milliseconds

WIDTH, LABEL, VALUE = 760, 150, 80
BAR, ROW, HEADING, MARGIN = 16, 24, 36, 16

STYLE = """
    text { font: 13px system-ui, "Segoe UI", Helvetica, Arial, sans-serif; fill: #1f2328 }
    .title { font-size: 16px; font-weight: 600 }
    .heading, .ours { font-weight: 600 }
    .caption { font-size: 11px; fill: #59636e }
    rect { fill: #8c959f }
    rect.ours { fill: #0969da }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3 }
      .caption { fill: #9198a1 }
      rect { fill: #6e7681 }
      rect.ours { fill: #4493f8 }
    }"""


def chart(title: str, groups: dict[str, list[Result]], caption: list[str]) -> str:
    """A group of bars for each key type, each group to a scale of its own."""
    y = MARGIN + 16
    parts = [text(MARGIN, y, title, "title")]
    for heading, results in groups.items():
        y += HEADING
        parts.append(text(MARGIN, y, heading, "heading"))
        longest = max(result.seconds for result in results)
        for result in results:
            y += ROW
            parts += bar(y, result, longest)
    y += 12
    for line in caption:
        y += 18
        parts.append(text(MARGIN, y, line, "caption"))
    height = y + MARGIN
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}"'
            f' viewBox="0 0 {WIDTH} {height}" role="img">',
            f"  <title>{escape(title)}</title>",
            f"  <style>{STYLE}\n  </style>",
            *parts,
            "</svg>\n",
        ]
    )


def bar(y: int, result: Result, longest: float) -> list[str]:
    """A program's name, its bar and its time, on the line of writing at `y`."""
    kind = "ours" if result.peer.name == "milvus-certs" else "theirs"
    length = max(1, (WIDTH - 2 * MARGIN - LABEL - VALUE) * result.seconds / longest)
    left = MARGIN + LABEL
    return [
        text(MARGIN, y, result.peer.name, kind),
        f'  <rect class="{kind}" x="{left}" y="{y - 12}" width="{length:.1f}" height="{BAR}" rx="2"/>',
        text(left + length + 8, y, milliseconds(result.seconds), kind),
    ]


def text(x: float, y: int, content: str, kind: str) -> str:
    return f'  <text class="{kind}" x="{x:.1f}" y="{y}">{escape(content)}</text>'
