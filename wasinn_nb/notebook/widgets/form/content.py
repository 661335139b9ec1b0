"""What a form shows, as plain data for JSON. Nothing in here knows any backend."""

from __future__ import annotations

from typing import Any, TypedDict

from wasinn_nb.nn.backend import MemoryEstimate
from wasinn_nb.nn.fit import Place
from wasinn_nb.nn.memory import format_bytes
from wasinn_nb.nn.prospect import Prospect
from wasinn_nb.nn.record import ModelRecord, ModelState
from wasinn_nb.nn.settings import EffectiveConfig, Origin, Schema, Scope, Setting, Value
from wasinn_nb.notebook import views
from wasinn_nb.notebook.widgets.form.draft import Draft

# numbers that a browser holds exactly; bounds beyond them are none
_EXACT = 2**53


class Field(TypedDict):
    """A setting.

    ``group`` is ``main``, ``more`` or ``request``; ``span`` is (low, high, step) of a slider;
    ``closed`` says that nothing but what is offered can be chosen.
    """

    key: str
    kind: str
    group: str
    scope: str
    help: str
    unit: str
    default: Value
    span: tuple[float, float, float] | None
    offers: list[dict[str, Any]]
    closed: bool
    unavailable: str


class Shown(TypedDict):
    """A setting's value and whose word it is."""

    value: Value
    origin: str


def fields(schema: Schema) -> list[Field]:
    """The settings that do something; those that are of no use here come last."""
    used = [setting for setting in schema.values() if setting.effect]
    return [_field(setting) for setting in sorted(used, key=lambda s: bool(s.unavailable))]


def _field(setting: Setting) -> Field:
    span = setting.span
    return {
        "key": setting.key,
        "kind": setting.kind,
        "group": _group(setting),
        "scope": setting.scope.value,
        "help": setting.help,
        "unit": setting.unit,
        "default": setting.default,
        "span": (span.low, span.high, span.step) if span is not None else None,
        "offers": [
            {
                "value": offer.value,
                "label": offer.label,
                "note": offer.note,
                "reason": offer.unavailable,
                "amount": offer.amount,
            }
            for offer in setting.offered
        ],
        "closed": bool(setting.choices),
        "unavailable": setting.unavailable,
    }


def _group(setting: Setting) -> str:
    if setting.prominent:
        return "main"
    return "request" if setting.scope is Scope.REQUEST else "more"


def model(record: ModelRecord, now: Prospect) -> dict[str, Any]:
    """The model as it is, and its settings without any draft."""
    schema = now.config.schema
    return {
        "detail": _detail(record),
        "loaded": record.state is ModelState.LOADED,
        "gone": "",
        "users": list(record.users),
        "values": {key: shown(now, key) for key in schema if schema[key].effect},
    }


def shown(prospect: Prospect, key: str) -> Shown:
    """One setting: a pin as it was made, all else as this machine uses it."""
    origin = prospect.config.origins[key]
    pinned = origin is Origin.PIN and key in prospect.pins
    value = prospect.pins[key] if pinned else prospect.config[key]
    return {"value": value, "origin": origin.value}


def ahead(now: Prospect, then: Prospect, draft: Draft) -> dict[str, Any]:
    """What a draft would come to.

    Args:
        now: without the draft.
        then: with what is valid of it.
    """
    changed = [key for key in then.config.values if shown(then, key) != shown(now, key)]
    return {
        "view": draft.view,
        "seq": draft.seq,
        "draft": draft.as_json(),
        "values": {key: shown(then, key) for key in changed},
        "reload": list(then.reload),
        "estimate": _estimate(then.estimate),
        "places": [_place(place) for place in then.places if _matters(place)],
        "notes": list(then.notes),
    }


def table(now: Prospect) -> dict[str, Any]:
    """What is left of a form."""
    left = listing(now)
    return {"text/plain": repr(left), "text/html": left._repr_html_()}


def listing(now: Prospect) -> views.Listing[Any]:
    """The prominent settings and those that somebody set."""
    config = now.config
    kept = Schema(
        setting
        for key, setting in now.schema.items()
        if config.origins[key] is not Origin.DEFAULT
        or (setting.prominent and not setting.unavailable)
    )
    return views.config(now.name, EffectiveConfig(kept, config.values, config.origins))


def _detail(record: ModelRecord) -> str:
    what, fraction = record.activity
    parts = {
        ModelState.REGISTERED: ["not loaded"],
        ModelState.LOADING: [what or "loading", *([f"{fraction:.0%}"] if fraction else [])],
        ModelState.LOADED: [f"loaded on {views.device(record)}"],
        ModelState.UNLOADING: ["unloading"],
        ModelState.FAILED: ["could not be loaded"],
    }[record.state]
    if record.state is ModelState.LOADED and record.measured:
        parts.append(f"{format_bytes(record.measured)} measured")
    if record.users:
        parts.append(f"in use by {', '.join(record.users)}")
    return " · ".join(parts)


def _estimate(estimate: MemoryEstimate | None) -> dict[str, int] | None:
    if estimate is None:
        return None
    return {
        "weights": estimate.weights,
        "kv_cache": estimate.kv_cache,
        "compute": estimate.compute,
        "total": estimate.total,
    }


def _place(place: Place) -> dict[str, Any]:
    return {
        "name": place.name,
        "needed": place.needed,
        "free": place.free,
        "total": place.total,
        "description": place.description,
    }


def _matters(place: Place) -> bool:
    return bool(place.total or place.needed) and place.needed < _EXACT
