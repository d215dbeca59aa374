"""Charts as SVG, the same for pages of HTML and for printed ones: pure functions of numbers and words.

A chart read from right to left is drawn mirrored, and each word stands alone in its text: Typst and browsers then lay out Arabic
alike. Colors can be told apart in grey and by who does not see red.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH = 680.0
INK, QUIET, RULE = "#1d2733", "#5b6774", "#c9d1da"
BLUE, PALE, ORANGE, GREEN, GREY = "#1f6f8b", "#a9cbd6", "#c8641b", "#3b7d4f", "#b8c0c8"
SHADES = ("#e4f0f2", "#b9d8df", "#7fb6c4", "#3f8da3", "#17566b")
FONT = "IBM Plex Sans Arabic, sans-serif"
RIGHT_TO_LEFT = "\u200f"
"""Before words that begin with a number and go on in Arabic: they are then read from the right, in browsers and by Typst."""
CHAR = 5.9
"""About how wide a letter of 11 is."""
SMALL = 9.0


def fitted(words: str, room: float, size: float = 11) -> str:
    """The words, cut with an ellipsis where they are wider than `room` at that size."""
    most = int(room / (CHAR * size / 11))
    return words if len(words) <= most else words[: most - 1].rstrip() + "…"


class Drawing:
    """The pieces of one chart, drawn as if from left to right; mirrored where it is read from right to left."""

    def __init__(self, height: float, *, mirrored: bool, title: str) -> None:
        self.height, self.mirrored, self.title = height, mirrored, title
        self._pieces: list[str] = []

    def rect(self, x: float, y: float, width: float, height: float, fill: str, **more: str) -> None:
        left = WIDTH - x - width if self.mirrored else x
        said = "".join(f' {name.replace("_", "-")}="{value}"' for name, value in more.items())
        self._pieces.append(
            f'<rect x="{left:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" height="{max(height, 0):.1f}" fill="{fill}"{said}/>'
        )

    def line(self, x: float, y: float, to_x: float, to_y: float, stroke: str = RULE, width: float = 1) -> None:
        one, two = (WIDTH - x, WIDTH - to_x) if self.mirrored else (x, to_x)
        self._pieces.append(
            f'<line x1="{one:.1f}" y1="{y:.1f}" x2="{two:.1f}" y2="{to_y:.1f}" stroke="{stroke}" stroke-width="{width}"/>'
        )

    def circle(self, x: float, y: float, radius: float, fill: str) -> None:
        at = WIDTH - x if self.mirrored else x
        self._pieces.append(f'<circle cx="{at:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="{fill}"/>')

    def path(self, d: str, fill: str) -> None:
        """Never mirrored: a country has its east where it is."""
        self._pieces.append(f'<path d="{d}" fill="{fill}" stroke="#ffffff" stroke-width="0.8"/>')

    def text(
        self, x: float, y: float, words: str, *, at: str = "start", size: float = 11, fill: str = INK, bold: bool = False,
        mirror: bool = True,
    ) -> None:  # fmt: skip
        """`at`: where of the words x is (start, middle, end), in the direction in which the chart is read."""
        if mirror and self.mirrored:
            x, at = WIDTH - x, {"start": "end", "end": "start", "middle": "middle"}[at]
        if any("\u0600" <= letter <= "\u06ff" for letter in words):
            words = RIGHT_TO_LEFT + words
        weight = ' font-weight="bold"' if bold else ""
        self._pieces.append(
            f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{at}" font-size="{size}" fill="{fill}"{weight}>{escape(words)}</text>'
        )

    def label(self, x: float, middle: float, words: str, room: float) -> None:
        """Words that end at x, in one line or, smaller, in two; what does not fit even so ends with an ellipsis."""
        if len(words) * CHAR <= room:
            self.text(x, middle + 4, words, at="end")
            return
        breaks = [place for place, letter in enumerate(words) if letter == " "] or [len(words) // 2]
        at = min(breaks, key=lambda place: abs(place - len(words) / 2))
        for line, y in ((words[:at], middle - 2), (words[at:].strip(), middle + 8)):
            self.text(x, y, fitted(line, room, SMALL), at="end", size=SMALL)

    def svg(self) -> str:
        # Left to right whatever the page is: anchors would otherwise be turned a second time.
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:.0f} {self.height:.0f}" width="{WIDTH:.0f}" '
            f'height="{self.height:.0f}" font-family="{FONT}" direction="ltr" role="img"><title>{escape(self.title)}</title>'
            + "".join(self._pieces)
            + "</svg>"
        )


@dataclass(frozen=True, slots=True)
class Bar:
    """`value` None: hidden, or nobody; `told` says what stands beside it. `mark`: a thin line to compare with."""

    label: str
    value: float | None
    told: str
    mark: float | None = None


ROW, LABEL, TOLD = 21.0, 168.0, 150.0


def bars(title: str, rows: Sequence[Bar], *, mirrored: bool, fill: str = BLUE) -> str:
    """One bar for each row, longest 1 or the largest value where that is more; a mark where one is given."""
    drawing = Drawing(ROW * len(rows) + 6, mirrored=mirrored, title=title)
    most = max([1e-9, *(one.value or 0 for one in rows), *(one.mark or 0 for one in rows)])
    room = WIDTH - LABEL - TOLD
    for place, one in enumerate(rows):
        y = 3 + place * ROW
        drawing.label(LABEL - 8, y + 9.5, one.label, LABEL - 8)
        drawing.rect(LABEL, y + 3, room, ROW - 7, "#eef2f5")
        if one.value is not None:
            drawing.rect(LABEL, y + 3, room * one.value / most, ROW - 7, fill)
        if one.mark is not None:
            at = LABEL + room * one.mark / most
            drawing.line(at, y + 1, at, y + ROW - 2, ORANGE, 2)
        drawing.text(LABEL + room + 8, y + 13.5, one.told, fill=INK if one.value is not None else QUIET, size=10.5)
    return drawing.svg()


@dataclass(frozen=True, slots=True)
class Month:
    """A month of a profile: parts from the bottom (program's place, value), what stands above it, and how it is marked."""

    label: str
    parts: Sequence[float | None]
    told: str
    lean: bool = False
    peak: bool = False
    gap: bool = False


PALETTE = ("#1f6f8b", "#e0a03c", "#7b5ea7", "#3b7d4f", "#c8641b", "#7f8c99", "#a8446a", "#5aa6a6", "#9a8c4c", "#444f8c")
PLOT, FOOT, HEAD = 190.0, 40.0, 26.0


def profile(
    title: str, months: Sequence[Month], names: Sequence[str], words: tuple[str, str, str], *, mirrored: bool
) -> str:
    """Columns of twelve months, each of parts laid on one another. `words`: lean season, peak, gap month."""
    per_line = 2 if any(len(one) * CHAR > WIDTH / 4 - 20 for one in names) else 4
    lines = -(-len(names) // per_line)
    drawing = Drawing(HEAD + PLOT + FOOT + 18 * lines + 4, mirrored=mirrored, title=title)
    most = max([1e-9, *(sum(part or 0 for part in one.parts) for one in months)])
    width, bottom = WIDTH / max(len(months), 1), HEAD + PLOT
    for place, one in enumerate(months):
        if one.lean:
            drawing.rect(place * width, 0, width, bottom + FOOT - 14, "#fbf1e2")
        _column(drawing, one, place * width, width, most, bottom, words)
    lean = [place for place, one in enumerate(months) if one.lean]
    if lean:
        drawing.text((lean[0] + 0.5) * width if len(lean) == 1 else lean[0] * width + 4, 11, words[0], size=9.5, fill=ORANGE,
                     at="middle" if len(lean) == 1 else "start")  # fmt: skip
    drawing.line(0, bottom, WIDTH, bottom, INK, 1)
    for place, name in enumerate(names):
        x, y = (place % per_line) * WIDTH / per_line, bottom + FOOT + 12 + 18 * (place // per_line)
        drawing.rect(x, y - 9, 10, 10, PALETTE[place % len(PALETTE)])
        drawing.text(x + 15, y, fitted(name, WIDTH / per_line - 20, 10), size=10)
    return drawing.svg()


def _column(
    drawing: Drawing, month: Month, x: float, width: float, most: float, bottom: float, words: tuple[str, str, str]
) -> None:
    top = bottom
    for place, part in enumerate(month.parts):
        height = PLOT * 0.86 * (part or 0) / most
        top -= height
        drawing.rect(x + width * 0.18, top, width * 0.64, height, PALETTE[place % len(PALETTE)])
    middle = x + width / 2
    drawing.text(middle, top - 5, month.told, at="middle", size=9.5, bold=month.peak)
    drawing.text(middle, bottom + 14, month.label, at="middle", size=10)
    if month.peak or month.gap:
        drawing.text(middle, bottom + 26, words[1] if month.peak else words[2], at="middle", size=9,
                     fill=GREEN if month.peak else ORANGE, bold=True)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Combination:
    """Which of the sets (by place) it is in, and no other; how many, in a number and in words."""

    inside: frozenset[int]
    count: float
    told: str


def upset(title: str, names: Sequence[str], combinations: Sequence[Combination], *, mirrored: bool) -> str:
    """Counts of each combination as columns over a table of dots: a filled dot is a program that is in it (Lex and others,
    UpSet, IEEE TVCG 2014)."""
    left, row, plot = 172.0, 20.0, 130.0
    drawing = Drawing(plot + 34 + row * len(names), mirrored=mirrored, title=title)
    step = (WIDTH - left) / max(len(combinations), 1)
    step, most = min(step, 60.0), max([1e-9, *(one.count for one in combinations)])
    for at, name in enumerate(names):
        y = plot + 34 + at * row
        drawing.rect(left, y, step * len(combinations), row, "#f3f6f8" if at % 2 == 0 else "#ffffff")
        drawing.label(left - 8, y + 10, name, left - 8)
    for place, one in enumerate(combinations):
        x = left + step * (place + 0.5)
        height = plot * 0.86 * one.count / most
        drawing.rect(x - step * 0.3, plot + 22 - height, step * 0.6, height, BLUE if len(one.inside) > 1 else PALE)
        drawing.text(x, plot + 17 - height, one.told, at="middle", size=9.5)
        dots = [plot + 34 + (at + 0.5) * row for at in range(len(names))]
        filled = [dots[at] for at in sorted(one.inside)]
        for at, y in enumerate(dots):
            drawing.circle(x, y, 5, INK if at in one.inside else "#d9dfe4")
        if len(filled) > 1:
            drawing.line(x, filled[0], x, filled[-1], INK, 2)
    drawing.line(left, plot + 22, left + step * len(combinations), plot + 22, INK, 1)
    return drawing.svg()


@dataclass(frozen=True, slots=True)
class Sides:
    """A group's winners, losers and unchanged, as shares of it; None where hidden."""

    label: str
    losers: float | None
    winners: float | None
    told_losers: str
    told_winners: str


def two_sides(title: str, rows: Sequence[Sides], heads: tuple[str, str], hidden: str, *, mirrored: bool) -> str:
    """Losers on one side of a line, winners on the other, each as its share of the group."""
    drawing = Drawing(ROW * len(rows) + 26, mirrored=mirrored, title=title)
    label, told = 150.0, 92.0
    room = (WIDTH - label - 2 * told) / 2
    middle = label + told + room
    most = max([1e-9, *(value for one in rows for value in (one.losers, one.winners) if value is not None)])
    drawing.text(middle - 6, 13, heads[0], at="end", size=10, fill=ORANGE, bold=True)
    drawing.text(middle + 6, 13, heads[1], size=10, fill=BLUE, bold=True)
    for place, one in enumerate(rows):
        y = 20 + place * ROW
        drawing.text(label - 8, y + 13.5, one.label, at="end")
        if one.losers is None or one.winners is None:
            drawing.text(middle + 6, y + 13.5, hidden, size=10, fill=QUIET)
            continue
        lost, won = room * one.losers / most, room * one.winners / most
        drawing.rect(middle - lost, y + 3, lost, ROW - 7, ORANGE)
        drawing.rect(middle, y + 3, won, ROW - 7, BLUE)
        drawing.text(middle - lost - 5, y + 13.5, one.told_losers, at="end", size=10)
        drawing.text(middle + won + 5, y + 13.5, one.told_winners, size=10)
    drawing.line(middle, 18, middle, 20 + ROW * len(rows), INK, 1)
    return drawing.svg()


@dataclass(frozen=True, slots=True)
class Pair:
    """Before and after of one thing."""

    label: str
    before: float | None
    after: float | None
    told_before: str
    told_after: str


def pairs(title: str, rows: Sequence[Pair], heads: tuple[str, str], *, mirrored: bool) -> str:
    """Two bars for each row: as it is, and as it would be."""
    tall = 34.0
    drawing = Drawing(tall * len(rows) + 24, mirrored=mirrored, title=title)
    room = WIDTH - LABEL - 130
    most = max([1e-9, *(value for one in rows for value in (one.before, one.after) if value is not None)])
    for at, (name, color) in enumerate(zip(heads, (GREY, BLUE), strict=True)):
        x = LABEL + at * (30 + CHAR * max(len(one) for one in heads))
        drawing.rect(x, 4, 10, 10, color)
        drawing.text(x + 15, 13, name, size=10)
    for place, one in enumerate(rows):
        y = 22 + place * tall
        drawing.label(LABEL - 8, y + 14, one.label, LABEL - 8)
        for value, told, top, color in (
            (one.before, one.told_before, y + 2, GREY), (one.after, one.told_after, y + 16, BLUE)
        ):  # fmt: skip
            length = room * (value or 0) / most
            drawing.rect(LABEL, top, length, 12, color)
            drawing.text(LABEL + length + 6, top + 10, told, size=10, fill=INK if value is not None else QUIET)
    return drawing.svg()
