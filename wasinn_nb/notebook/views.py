"""How the objects that users get look: each has a text and a rich form."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import TYPE_CHECKING, Any, TypeVar

from wasinn_nb.nn.memory import format_bytes
from wasinn_nb.nn.record import ModelRecord, UnloadReport
from wasinn_nb.nn.settings import EffectiveConfig, Origin, Setting, Value
from wasinn_nb.notebook.text import Table, duration, html_line, printable

if TYPE_CHECKING:
    from wasinn_nb.guest.guest import Guest

T = TypeVar("T")


class Listing(list[T]):
    """A list that shows itself as a table."""

    def __init__(self, items: Iterable[T], table: Table) -> None:
        super().__init__(items)
        self._table = table

    def __repr__(self) -> str:
        return self._table.text()

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: FBT001 - IPython's protocol
        printer.text("[...]" if cycle else self._table.text())

    def _repr_html_(self) -> str:
        return self._table.html()


class Document:
    """A text with its rich form, as the value of a magic."""

    def __init__(self, text: str, html: str) -> None:
        self._text = text
        self._html = html

    def __repr__(self) -> str:
        return self._text

    def _repr_html_(self) -> str:
        return self._html


def line(text: str) -> Document:
    """A short text, each line of it made printable."""
    safe = [printable(one) for one in text.split("\n")]
    return Document("\n".join(safe), "<br>".join(escape(one) for one in safe))


def models(records: Iterable[ModelRecord]) -> Listing[ModelRecord]:
    """The table of ``%wasinn models``."""
    columns = ("model", "state", "encoding", "device", "weights", "context", "users", "pinned")
    table = Table(
        columns, empty="No model is registered. Load one with `%wasinn load NAME SOURCE`."
    )
    records = list(records)
    for record in records:
        table.rows.append(
            (
                record.name,
                record.state.value,
                record.encoding.value,
                device(record),
                format_bytes(record.memory.weights) if record.memory.weights else "",
                format_bytes(record.memory.contexts) if record.memory.contexts else "",
                ", ".join(record.users),
                ", ".join(f"{key}={value_text(value)}" for key, value in record.pins.items()),
            )
        )
    return Listing(records, table)


def device(record: ModelRecord) -> str:
    """What computes, and what was asked for where that is something else."""
    if not record.device:
        return record.asked
    # asked for nothing in particular, or for what it got: "NPU (on CPU)" is an NPU's pipeline
    if record.asked.lower() in {"auto", record.device.partition(" (")[0].lower()}:
        return record.device
    return f"{record.device} (asked: {record.asked})"


def config(name: str, effective: EffectiveConfig) -> Listing[tuple[str, Value, str]]:
    """The table of a model's settings: value, where it came from, what it means."""
    table = Table(
        ("setting", "value", "from", "reload", "meaning"),
        title=f"Settings of {name}",
        empty="This model's backend has no settings.",
    )
    items: list[tuple[str, Value, str]] = []
    changed_first = sorted(
        effective.schema.items(), key=lambda pair: effective.origins[pair[0]] is Origin.DEFAULT
    )
    for key, setting in changed_first:
        if not setting.effect:
            continue
        origin = effective.origins[key]
        value = effective.values[key]
        if setting.path:
            value = str(value) if value is not None else None
        items.append((key, value, origin.value))
        words = setting.choices or tuple(setting.names)
        choices = f" ({', '.join(words)})" if words else ""
        source = "" if origin is Origin.DEFAULT else origin.value
        table.rows.append(
            (
                key,
                _setting_text(setting, value),
                source,
                setting.scope.value,
                setting.help + choices,
            )
        )
    return Listing(items, table)


def _setting_text(setting: Setting, value: Value) -> str:
    """A value in words where it has some, else with its unit."""
    offered = next((offer for offer in setting.offers if offer.value == value), None)
    if offered is not None and setting.unit:
        return ", ".join(filter(None, (offered.label, offered.note)))
    if value is None:
        return "auto"
    text = setting.text(value)
    return text if value in setting.names.values() else f"{text} {setting.unit}".strip()


def value_text(value: Value) -> str:
    """A setting's value as it would be typed."""
    if value is None:
        return "auto"
    return str(value).lower() if isinstance(value, bool) else str(value)


def unload_text(report: UnloadReport) -> str:
    """What an unload gave back."""
    name = printable(report.name)
    if not report.was_loaded:
        return f"{name} was not loaded"
    return f"{name}: {format_bytes(max(0, report.freed))} given back in {duration(report.seconds)}"


def unload_html(report: UnloadReport) -> str:
    """The same in a line of HTML."""
    return html_line(unload_text(report))


def guest_text(guest: Guest) -> str:
    """A guest in one line."""
    size = format_bytes(len(guest.wasm))
    return f"{printable(guest.name)}: {guest.language} guest, {size}"


def guest_html(guest: Guest) -> str:
    """The same in a line of HTML."""
    return html_line(guest_text(guest))


def unloads(reports: Iterable[UnloadReport]) -> Listing[UnloadReport]:
    """Several reports."""
    reports = list(reports)
    table = Table(("model", "given back", "took"), empty="Nothing was loaded.")
    for report in reports:
        freed = format_bytes(max(0, report.freed)) if report.was_loaded else "was not loaded"
        table.rows.append((report.name, freed, duration(report.seconds)))
    return Listing(reports, table)


def preformatted(text: str) -> Document:
    """A text of several lines, as it is but for control characters."""
    safe = "\n".join(printable(one) for one in text.split("\n"))
    return Document(safe, f'<pre style="white-space:pre-wrap">{escape(safe)}</pre>')
