"""The drawing of the platform: where each part stands, how it is, and what connects it. Numbers are SVG user units."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from gateway.dashboard.names import process_name, subscriber_name
from gateway.dashboard.observation import Observation, Publishing, Receiving
from gateway.dashboard.runbook import WAITING_FOR
from gateway.dashboard.verdict import SILENT_AFTER, SLOW_MS, STUCK_AFTER
from gateway.dashboard.words import Writer
from gateway.health import ProcessState

WIDTH = 1200
TOP = 34
ROW, GAP = 54, 12
BAR = 50
COLUMNS = {"institutions": (1, 149), "gateway": (214, 160), "services": (454, 232), "nats": (765, 150)}
COLUMNS["subscribers"] = (985, 214)


@dataclass(frozen=True, slots=True)
class Node:
    """A box with a name, and its state by icon, word and colour (`state` picks icon and colour)."""

    x: float
    y: float
    width: float
    height: float
    name: str
    state: str
    words: list[str]
    start: float = 0
    """Where its text begins: the left edge, or the right one in Arabic."""


@dataclass(frozen=True, slots=True)
class Edge:
    """A connection; `state` is quiet, moving or cut."""

    path: str
    state: str


@dataclass(frozen=True, slots=True)
class Drawing:
    width: int
    height: int
    heads: list[tuple[float, str]]
    nodes: list[Node] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)


def draw(seen: Observation, write: Writer) -> Drawing:
    """The drawing of one Observation; mirrored where the language is written from right to left."""
    services = [one for one in seen.processes if one.name != "gateway"]
    rows = max(len(services), len(seen.receiving), 1)
    height = rows * ROW + (rows - 1) * GAP
    drawing = Drawing(
        WIDTH,
        TOP + height + GAP + BAR + 2,
        [(_edge_of(column, write), write(word)) for column, word in _HEADS.items()],
    )
    pen = _Pen(drawing, write, TOP, height)
    gateway = next((one for one in seen.processes if one.name == "gateway"), None)
    pen.box("institutions", height / 2 - 48, 96, write("institutions"), "outside", [write("outside")])
    state, words = process_words(gateway, seen, write) if gateway else ("down", [write("no_answer")])
    pen.box("gateway", height / 2 - 48, 96, write.text(process_name("gateway")), state, words)
    pen.join("institutions", height / 2, "gateway", height / 2, "cut" if state == "down" else "quiet")
    pen.services(services, seen)
    pen.transport(seen)
    pen.subscribers(seen.receiving, seen)
    pen.database(seen)
    return drawing


_HEADS = {"gateway": "door", "services": "services", "nats": "events", "subscribers": "subscribers"}


def _edge_of(column: str, write: Writer) -> float:
    x = COLUMNS[column][0]
    return WIDTH - x if write.direction == "rtl" else x


def process_words(process: ProcessState, seen: Observation, write: Writer) -> tuple[str, list[str]]:
    """State and words of a process, the same in the drawing and in its table."""
    silent = seen.remembered(process.name).silent_since
    if process.milliseconds is None:
        sure = silent is not None and seen.at - silent >= SILENT_AFTER
        return ("down" if sure else "warning"), [write("no_answer")]
    if not process.ready:
        parts = [write.text(WAITING_FOR[one]) if one in WAITING_FOR else one for one in process.waiting_for]
        return "warning", [write("waits", parts="، ".join(parts) if write.language == "ar" else ", ".join(parts))]
    return "ok", [write("ready")]


def nats_words(seen: Observation, write: Writer) -> tuple[str, str]:
    if not seen.nats.reachable:
        return "down", write("no_answer")
    return ("ok", write("working")) if seen.nats.healthy else ("down", write("unhealthy"))


def postgres_words(seen: Observation, write: Writer) -> tuple[str, str]:
    if not seen.postgres.reachable:
        return "down", write("no_answer")
    slow = (seen.postgres.milliseconds or 0) > SLOW_MS
    return ("warning", write("slow")) if slow else ("ok", write("working"))


def subscriber_words(flow: Receiving, seen: Observation, write: Writer) -> tuple[str, str]:
    if not flow.waiting:
        return "ok", write("up_to_date")
    stuck = flow.idle_since is not None and seen.at - flow.idle_since >= STUCK_AFTER
    waiting = write("n_waiting", count=write.number(flow.waiting))
    return ("warning", f"{write('stuck')} · {waiting}") if stuck else ("moving", waiting)


class _Pen:
    """Places boxes and lines; all x are given from the left and mirrored here."""

    def __init__(self, drawing: Drawing, write: Writer, top: float, height: float) -> None:
        self._drawing, self._write, self._top, self._height = drawing, write, top, height
        self._mirrored = write.direction == "rtl"

    def box(self, column: str, y: float, height: float, name: str, state: str, words: Sequence[str]) -> None:
        x, width = COLUMNS[column]
        left = WIDTH - x - width if self._mirrored else x
        start = left + width - 14 if self._mirrored else left + 14
        self._drawing.nodes.append(Node(left, self._top + y, width, height, name, state, list(words), start))

    def join(self, source: str, y1: float, target: str, y2: float, state: str) -> None:
        x1, x2 = COLUMNS[source][0] + COLUMNS[source][1], COLUMNS[target][0]
        middle = (x1 + x2) / 2
        xs = [WIDTH - x if self._mirrored else x for x in (x1, middle, middle, x2)]
        y1, y2 = y1 + self._top, y2 + self._top
        path = f"M{xs[0]:g} {y1:g}C{xs[1]:g} {y1:g} {xs[2]:g} {y2:g} {xs[3]:g} {y2:g}"
        self._drawing.edges.append(Edge(path, state))

    def _rows(self, count: int) -> list[float]:
        """Tops of `count` boxes, centred in the height."""
        used = count * ROW + (count - 1) * GAP
        return [(self._height - used) / 2 + index * (ROW + GAP) for index in range(count)]

    def services(self, services: Sequence[ProcessState], seen: Observation) -> None:
        flows = {one.process: one for one in seen.publishing}
        for process, y in zip(services, self._rows(len(services)), strict=True):
            state, words = process_words(process, seen, self._write)
            flow = flows.get(process.name)
            if state == "ok" and flow and flow.per_second:
                words = [*words, self._write("rate", rate=self._write.rate(flow.per_second))]
            self.box("services", y, ROW, self._write.text(process_name(process.name)), state, words)
            middle, cut = y + ROW / 2, state == "down"
            self.join("gateway", self._height / 2, "services", middle, "cut" if cut else "quiet")
            if flow:
                self.join(
                    "services",
                    middle,
                    "nats",
                    self._height / 2,
                    _flow_state(flow, cut or not seen.nats.reachable),
                )

    def transport(self, seen: Observation) -> None:
        state, word = nats_words(seen, self._write)
        words = [word]
        if seen.nats.reachable:
            rate = sum(one.per_second or 0 for one in seen.publishing)
            words += [
                self._write("rate", rate=self._write.rate(rate)),
                self._write.size(seen.nats.store_bytes),
            ]
        self.box("nats", self._height / 2 - 60, 120, "NATS", state, words)

    def subscribers(self, flows: Sequence[Receiving], seen: Observation) -> None:
        for flow, y in zip(flows, self._rows(len(flows)), strict=True):
            state, word = subscriber_words(flow, seen, self._write)
            self.box("subscribers", y, ROW, self._write.text(subscriber_name(flow.process)), state, [word])
            edge = _flow_state(flow, not seen.nats.reachable or not flow.fresh)
            self.join("nats", self._height / 2, "subscribers", y + ROW / 2, edge)

    def database(self, seen: Observation) -> None:
        state, word = postgres_words(seen, self._write)
        words = [
            word,
            self._write.milliseconds(seen.postgres.milliseconds),
            self._write.size(seen.postgres.bytes),
        ]
        self.box("services", self._height + GAP, BAR, "PostgreSQL", state, words if state != "down" else [word])


def _flow_state(flow: Publishing | Receiving, cut: bool) -> str:
    if cut:
        return "cut"
    return "moving" if flow.per_second else "quiet"
