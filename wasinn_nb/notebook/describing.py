"""How one model looks: in short after ``%wasinn load``, in full by ``%wasinn models NAME``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields
from html import escape
from typing import Any

from wasinn_nb.nn.backend import ModelInfo
from wasinn_nb.nn.memory import format_bytes
from wasinn_nb.nn.record import ModelRecord, ModelState
from wasinn_nb.nn.tensor import TensorSpec, shape_text
from wasinn_nb.notebook import views
from wasinn_nb.notebook.text import Facts, Table, count, duration, printable, shortened

_SPECS_IN_SHORT = 4
_METADATA_LINES = 20
_LONGEST_VALUE = 160
_LONGEST_HTML = 2000
_TEMPLATE = "tokenizer.chat_template"
_OWN = "wasinn."  # keys that the host made for itself


class Description(ModelRecord):
    """A record that shows everything it knows."""


def description(record: ModelRecord) -> Description:
    """``record`` in its long form."""
    return Description(**{field.name: getattr(record, field.name) for field in fields(record)})


# -- in short --------------------------------------------------------------------------------------


def model_text(record: ModelRecord) -> str:
    """A model as its name and indented facts."""
    return Facts(record.name, _facts(record)).text()


def model_html(record: ModelRecord) -> str:
    """The same as a small table."""
    return Facts(record.name, _facts(record)).html()


def _facts(record: ModelRecord) -> list[tuple[str, str]]:
    pairs = [("encoding", record.encoding.value), ("state", _state(record))]
    pairs.append(("device", views.device(record)))
    if info := record.info:
        kind = (info.architecture, _parameters(info), info.quantization)
        pairs += [
            ("model", ", ".join(word for word in kind if word)),
            ("size", _size(info)),
            ("trained context", _tokens(info)),
            ("inputs", _in_short(info.inputs)),
            ("outputs", _in_short(info.outputs)),
        ]
    return _said([*pairs, *_situation(record)])


def _in_short(specs: tuple[TensorSpec, ...]) -> str:
    shown = "; ".join(str(spec) for spec in specs[:_SPECS_IN_SHORT])
    more = len(specs) - _SPECS_IN_SHORT
    return f"{shown} and {more} more" if more > 0 else shown


# -- in full ---------------------------------------------------------------------------------------


def description_text(record: ModelRecord) -> str:
    """A model with its inputs, outputs and metadata, as paragraphs."""
    parts = [Facts(record.name, _all_facts(record)).text()]
    if info := record.info:
        parts += [table.text() for table in _tensors(info)]
        pairs = list(_metadata(info, _LONGEST_VALUE))
        if pairs:
            parts.append(Facts("metadata", pairs[:_METADATA_LINES]).text())
        if len(pairs) > _METADATA_LINES:
            parts[-1] += f"\n  ({len(pairs) - _METADATA_LINES} more in .info.metadata)"
        if info.chat_template:
            shown = shortened(info.chat_template, _LONGEST_VALUE)
            more = "" if shown == info.chat_template else "\n  (the whole: .info.chat_template)"
            parts.append(f"chat template\n  {printable(shown)}{more}")
    return "\n\n".join(parts)


def description_html(record: ModelRecord) -> str:
    """The same as tables; metadata and a chat template unfold."""
    parts = [Facts(record.name, _all_facts(record)).html()]
    if info := record.info:
        parts += [table.html() for table in _tensors(info)]
        pairs = list(_metadata(info, _LONGEST_HTML))
        if pairs:
            table = Facts("", pairs).html()
            parts.append(_unfolding(f"metadata ({len(pairs)})", table))
        if info.chat_template:
            size = count(len(info.chat_template), "character")
            template = views.preformatted(info.chat_template)._repr_html_()
            parts.append(_unfolding(f"chat template ({size})", template))
    return "".join(parts)


def _all_facts(record: ModelRecord) -> list[tuple[str, str]]:
    pairs = [("encoding", record.encoding.value), ("state", _state(record))]
    pairs += [("device", record.device), ("device asked for", record.asked)]
    if info := record.info:
        numbers = (info.layers, info.embedding_length, info.vocabulary)
        layers, embedding, vocabulary = (f"{n:,}" if n else "" for n in numbers)
        pairs += [
            ("architecture", info.architecture),
            ("name", info.name),
            ("parameters", f"{info.parameters:,}" if info.parameters else ""),
            ("precision" if info.inputs else "quantisation", info.quantization),
            ("size", _size(info)),
            ("trained context", _tokens(info)),
            ("layers", layers),
            ("embedding length", embedding),
            ("vocabulary", vocabulary),
        ]
    return _said([*pairs, *_situation(record)])


def _tensors(info: ModelInfo) -> Iterator[Table]:
    for title, specs in (("inputs", info.inputs), ("outputs", info.outputs)):
        if not specs:
            continue
        table = Table(("#", "name", "also known as", "dtype", "shape", "layout"), title=title)
        for index, spec in enumerate(specs):
            others = ", ".join(name for name in spec.aliases if name != spec.name)
            shape = shape_text(spec.dims)
            row = (str(index), spec.name, others, spec.type.dtype, shape, spec.layout)
            table.rows.append(row)
        yield table.without_empty("also known as").without_empty("layout")


def _metadata(info: ModelInfo, longest: int) -> Iterator[tuple[str, str]]:
    """What the file says of itself: who made it first, then the network, then the rest."""
    heads = ("general.", "model_info", f"{info.architecture}.")

    def rank(key: str) -> int:
        return next((n for n, head in enumerate(heads) if key.startswith(head)), len(heads))

    for key in sorted(info.metadata, key=rank):
        if not key.startswith((_TEMPLATE, _OWN)):
            yield key, shortened(_value(info.metadata[key]), longest)


def _value(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _unfolding(summary: str, html: str) -> str:
    return f"<details><summary>{escape(summary)}</summary>{html}</details>"


# -- both ------------------------------------------------------------------------------------------


def _state(record: ModelRecord) -> str:
    if record.state is not ModelState.LOADED:
        return record.state.value
    return f"loaded in {duration(record.load_seconds)}"


def _situation(record: ModelRecord) -> list[tuple[str, str]]:
    """What is so because of this session, not because of the model."""
    pins = ", ".join(f"{key}={views.value_text(value)}" for key, value in record.pins.items())
    return [
        ("memory", _memory(record)),
        ("pinned", pins),
        ("in use by", ", ".join(record.users)),
        ("source", record.origin),
        ("error", record.error),
        ("note", " ".join(record.notes)),
    ]


def _memory(record: ModelRecord) -> str:
    if record.state is not ModelState.LOADED:
        return ""
    used = (
        (record.memory.weights, "weights"),
        (record.memory.contexts, "contexts"),
        (record.memory.device, "on the device"),
    )
    text = ", ".join(f"{format_bytes(nbytes)} {what}" for nbytes, what in used if nbytes)
    grown = f"the process grew by {format_bytes(record.measured)}" if record.measured > 0 else ""
    return "; ".join(part for part in (text, grown) if part)


def _parameters(info: ModelInfo) -> str:
    return count(info.parameters, "parameter") if info.parameters else ""


def _size(info: ModelInfo) -> str:
    return format_bytes(info.nbytes) if info.nbytes else ""


def _tokens(info: ModelInfo) -> str:
    return count(info.context_length, "token") if info.context_length else ""


def _said(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(key, text) for key, text in pairs if text]
