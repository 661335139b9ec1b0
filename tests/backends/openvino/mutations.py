"""Hundreds of broken models, the same ones every time, made from small valid ones.

Each is ``(name, encoding, parts)``; names are unique and say what is wrong.
"""

from __future__ import annotations

import copy
import random
import re
import struct
import xml.etree.ElementTree as ET

from tests.backends.openvino import samples
from tests.backends.openvino.flatbuffer_writer import Scalar, Table, Vector

IR, ONNX, TFLITE = "openvino", "onnx", "tensorflowlite"
NUMBERS = (0, -1, -5, 1, 7, 2**31, 2**32, 2**62, 2**63 - 1, 2**63, 2**64 - 1, 10**30)
WORDS = ("", "nan", "abc", "1e30", *map(str, NUMBERS))


def mutations():
    seen = set()
    for name, encoding, parts in _all():
        assert name not in seen, name
        seen.add(name)
        yield name, encoding, tuple(p.encode() if isinstance(p, str) else p for p in parts)


def _all():
    models = {
        "convolution": samples.ir_convolution(),
        "indices": samples.ir_indices(),
        "branches": samples.ir_branches(),
    }
    for name, (xml, data) in models.items():
        for what, parts in _ir(xml, data):
            yield f"IR {name}: {what}", IR, parts
    xml, data = models["convolution"]
    for what, parts in _ir_by_hand(xml, data):
        yield f"IR {what}", IR, parts
    for make in (samples.onnx_convolution, samples.onnx_branches):
        model = make()
        for what, part in (*_bytes(model.SerializeToString(), 24), *_onnx(model, 30)):
            yield f"ONNX {make.__name__}: {what}", ONNX, (part,)
    for what, model in _onnx_by_hand():
        yield f"ONNX {what}", ONNX, (model.SerializeToString(),)
    raw = samples.packed(samples.tflite_convolution())
    for what, part in (*_bytes(raw, 50), *_words(raw, 30)):
        yield f"TFLite {what}", TFLITE, (part,)
    for what, table in _tflite_by_hand():
        yield f"TFLite {what}", TFLITE, (samples.packed(table),)


def _bytes(data, count):
    """Cut, flipped, overwritten, shortened and lengthened."""
    rng = random.Random(len(data))
    for share in (0, 1, 4, 9, 30):
        yield f"cut after {share} bytes", data[:share]
    for tenth in range(1, 10):
        yield f"cut at {tenth}0 percent", data[: len(data) * tenth // 10]
    yield "one byte short", data[:-1]
    yield "twice", data + data
    for number in range(count):
        at, run = rng.randrange(len(data)), rng.randrange(1, 40)
        if number % 4 == 0:
            changed = bytearray(data)
            changed[at : at + run] = rng.randbytes(min(run, len(data) - at))
            yield f"{number}: noise of {run} at {at}", bytes(changed)
        elif number % 4 == 1:
            yield f"{number}: {run} bytes missing at {at}", data[:at] + data[at + run :]
        else:
            changed = bytearray(data)
            changed[at] ^= 1 << rng.randrange(8)
            yield f"{number}: flip at {at}", bytes(changed)


def _words(data, count):
    """32-bit words replaced: offsets, lengths and counts."""
    rng = random.Random(5)
    for number in range(count):
        at = rng.randrange(0, len(data) - 4) // 4 * 4
        word = rng.choice((0, 1, 2, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFFFFF0))
        changed = bytearray(data)
        struct.pack_into("<I", changed, at, word)
        yield f"{number}: {word:#x} at {at}", bytes(changed)


# ---------------------------------------------------------------- OpenVINO IR


def _ir(xml, data):
    rng = random.Random(len(xml))
    for what, part in _bytes(xml, 12):
        yield f"xml {what}", (part, data)
    for size in (0, 1, len(data) // 2, len(data) - 1):
        yield f"weights cut after {size} bytes", (xml, data[:size])
    for name, pattern in (
        ("NaN", struct.pack("<f", float("nan"))),
        ("infinity", struct.pack("<f", float("-inf"))),
        ("ones", b"\xff" * 8),
        ("zeros", bytes(8)),
    ):
        filled = (pattern * (len(data) // len(pattern) + 1))[: len(data)]
        yield f"weights are all {name}", (xml, filled)
    for number in range(14):
        changed = bytearray(data)
        at = rng.randrange(0, len(data) - 8) // 8 * 8
        value = rng.choice((0, -1, -5, 7, 2**31, 2**62, 10**9))
        struct.pack_into("<q", changed, at, value)
        yield f"weights {number}: {value} at {at}", (xml, bytes(changed))
    root = ET.fromstring(xml)
    for number in range(26):
        changed = copy.deepcopy(root)
        yield f"xml {number}: {_change(changed, rng)}", (ET.tostring(changed), data)


def _change(root, rng):
    """One change of an attribute, a dimension, a type or an element; says which."""
    kind = rng.randrange(5)
    if kind == 0:
        dim = rng.choice(list(root.iter("dim")))
        old, dim.text = dim.text, rng.choice(WORDS)
        return f"dimension {old} becomes {dim.text}"
    if kind in {1, 2}:
        element, key = rng.choice([(e, a) for e in root.iter() for a in e.attrib])
        old = element.get(key)
        found = list(re.finditer(r"-?\d+", old))
        new = rng.choice(WORDS)
        if found:
            part = rng.choice(found)
            new = old[: part.start()] + new + old[part.end() :]
        element.set(key, new)
        return f"{key} of {element.tag} {old!r} becomes {new!r}"
    if kind == 3:
        one, other = (rng.choice(list(root.iter("layer"))) for _ in range(2))
        a, b = one.get("type"), other.get("type")
        one.set("type", b)
        other.set("type", a)
        return f"{a} and {b} swap types"
    parent, child = rng.choice([(p, c) for p in root.iter() for c in p])
    if rng.random() < 0.5:
        parent.remove(child)
        return f"{child.tag} of {parent.tag} is removed"
    parent.append(copy.deepcopy(child))
    return f"{child.tag} of {parent.tag} is doubled"


def _ir_by_hand(xml, data):
    text = xml.decode()
    head, rest = text.split("?>", 1)
    laughs = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10 if n else "ha"}">' for n in range(10))
    yield (
        "entities that expand",
        (f"{head}?><!DOCTYPE n [{laughs}]>{rest}".replace('name="image"', 'name="&a9;"'), data),
    )
    yield (
        "an entity that is a file",
        (
            f'{head}?><!DOCTYPE n [<!ENTITY a SYSTEM "file:///etc/passwd">]>{rest}'.replace(
                'name="image"', 'name="&a;"'
            ),
            data,
        ),
    )
    deep = "<a>" * 100_000 + "</a>" * 100_000
    yield "deep nesting", (text.replace("<layers>", f"<layers>{deep}"), data)
    yield "no layers", (re.sub("<layers>.*</layers>", "", text, flags=re.DOTALL), data)
    yield "no edges", (re.sub("<edges>.*</edges>", "", text, flags=re.DOTALL), data)
    yield "no weights", (text,)
    yield "three parts", (text, data, data)
    yield "weights first", (data, text)
    for version in ("9", "99", "-1", "x"):
        yield f"version {version}", (text.replace('version="11"', f'version="{version}"'), data)
    for size in (0, -5, 2**31, 2**62, 2**64):
        shape = text.replace('shape="1,1,8,8"', f'shape="1,1,8,{size}"')
        yield f"input of size {size}", (shape, data)
    for key in ("offset", "size"):
        for value in (-1, 10**6, 2**63 - 1, 2**64 - 16):
            changed = re.sub(f'{key}="[0-9]+"', f'{key}="{value}"', text, count=1)
            yield f"{key} of a constant is {value}", (changed, data)
    root = ET.fromstring(text)
    relu = next(layer for layer in root.iter("layer") if layer.get("type") == "ReLU")
    for edge in root.iter("edge"):
        if edge.get("to-layer") == relu.get("id"):
            edge.set("from-layer", relu.get("id"))
            edge.set("from-port", "1")
    yield "a layer that feeds itself", (ET.tostring(root), data)
    root = ET.fromstring(text)
    root.find("layers")[2].set("id", root.find("layers")[1].get("id"))
    yield "two layers of one id", (ET.tostring(root), data)


# ---------------------------------------------------------------- ONNX


def _onnx(model, count):
    """Fields of messages changed, removed, doubled and swapped."""
    rng = random.Random(count)
    for number in range(count):
        changed = type(model)()
        changed.CopyFrom(model)
        yield f"{number}: {_change_message(changed, rng)}", changed.SerializeToString()


def _change_message(model, rng):
    messages = []
    _collect(model, "model", messages)
    message, path = rng.choice([pair for pair in messages if pair[0].ListFields()])
    field, value = rng.choice(message.ListFields())
    path = f"{path}.{field.name}"
    if isinstance(value, bool | int):
        new = rng.choice([n for n in NUMBERS if abs(n) < 2**31])
        setattr(message, field.name, new)
    elif isinstance(value, float):
        setattr(message, field.name, new := rng.choice((float("nan"), float("inf"), -1e30)))
    elif isinstance(value, bytes):
        new = rng.choice((b"", value[:-1], value * 2, b"\xff" * len(value)))
        setattr(message, field.name, new)
        new = f"{len(new)} bytes"
    elif isinstance(value, str):
        setattr(message, field.name, new := rng.choice(("", "nothing", "Conv", "Clip", "Loop")))
    elif hasattr(value, "ListFields"):
        message.ClearField(field.name)
        new = "nothing"
    else:
        new = _change_list(value, rng)
    return f"{path} becomes {new}"


def _change_list(items, rng):
    at = rng.randrange(len(items))
    kind = rng.randrange(3)
    if isinstance(items[at], int) and kind:
        items[at] = rng.choice([n for n in NUMBERS if abs(n) < 2**63])
        return f"{items[at]} at {at}"
    if isinstance(items[at], str) and kind:
        items[at] = rng.choice(("", "nothing", items[-1], items[0]))
        return f"{items[at]!r} at {at}"
    if kind == 1 and hasattr(items[at], "ListFields"):
        items.add().CopyFrom(items[at])
        return f"doubled at {at}"
    del items[at]
    return f"shorter at {at}"


def _collect(message, path, into):
    into.append((message, path))
    for field, value in message.ListFields():
        if hasattr(value, "ListFields"):
            _collect(value, f"{path}.{field.name}", into)
        elif field.message_type is not None:
            for index, each in enumerate(value):
                _collect(each, f"{path}.{field.name}[{index}]", into)


def _onnx_by_hand():
    def changed(edit):
        model = samples.onnx_convolution()
        edit(model)
        return model

    def location(model, value, **pairs):
        tensor = model.graph.initializer[0]
        tensor.ClearField("raw_data")
        tensor.data_location = 1
        for key, text in {"location": value, **pairs}.items():
            tensor.external_data.add(key=key, value=text)

    for value in ("../../etc/passwd", "/etc/passwd", "C:\\data", "*/_ORT_MEM_ADDR_/*", "", "a"):
        yield f"data in {value!r}", changed(lambda m, v=value: location(m, v))
    for version in (0, -1, 2**31, 2**32, 2**62):
        yield (
            f"operators of version {version}",
            changed(lambda m, v=version: setattr(m.opset_import[0], "version", v)),
        )
    for operator in ("Conv", "Clip", "Pad", "GlobalAveragePool", "Max", "Nonsense", ""):
        yield (
            f"{operator!r} with one input",
            changed(lambda m, o=operator: setattr(m.graph.node[1], "op_type", o)),
        )
        yield (
            f"{operator!r} without inputs",
            changed(
                lambda m, o=operator: (
                    setattr(m.graph.node[1], "op_type", o),
                    m.graph.node[1].ClearField("input"),
                )
            ),
        )
    for size in (0, -5, 2**31, 2**62):
        yield (
            f"input of size {size}",
            changed(
                lambda m, s=size: setattr(
                    m.graph.input[0].type.tensor_type.shape.dim[3], "dim_value", s
                )
            ),
        )
    yield "a cycle", changed(lambda m: m.graph.node[0].input.__setitem__(0, "s"))
    yield "a value made twice", changed(lambda m: m.graph.node[2].output.__setitem__(0, "c"))


# ---------------------------------------------------------------- TensorFlow Lite


def _tflite_by_hand():
    def model(edit):
        table = samples.tflite_convolution()
        graph = table[2].items[0]
        edit(table, graph, graph[0].items, graph[3].items)
        return table

    for value in (-1, -2, 11, 2**31 - 1, -(2**31)):
        yield (
            f"input tensor {value}",
            model(lambda m, g, t, o, v=value: g.__setitem__(1, Vector([v], "i"))),
        )
        yield (
            f"operand {value}",
            model(lambda m, g, t, o, v=value: o[0].__setitem__(1, Vector([0, v, 2], "i"))),
        )
        yield (
            f"result {value}",
            model(lambda m, g, t, o, v=value: o[0].__setitem__(2, Vector([v], "i"))),
        )
    for code in (-1, 21, 32, 104, 127, 162, 10_000, 2**31 - 1):
        scalar = Scalar("i", code)
        narrow = Scalar("b", max(-128, min(code, 127)))
        fields = {0: narrow, 2: Scalar("i", 1), 3: scalar}
        yield (
            f"operator code {code}",
            model(lambda m, g, t, o, f=fields: m[1].items.__setitem__(0, Table(f))),
        )
    spare = Table({0: Vector([1], "i"), 1: Scalar("b", 0), 3: "spare"})
    for at in range(5):
        for results in ([], [11], [11, 12]):
            yield (
                f"operator {at} with {len(results) or 'no'} more results",
                model(
                    lambda m, g, t, o, at=at, results=results: (
                        t.extend([spare, spare]),
                        o[at][2].items.extend(results) if results else o[at][2].items.clear(),
                    )
                ),
            )
    for shape in ([0, 8, 8, 1], [-1] * 4, [2**31 - 1] * 4, [1] * 100, []):
        yield (
            f"input of {len(shape)} dimensions {shape[:1]}",
            model(lambda m, g, t, o, s=shape: t[0].__setitem__(0, Vector(s, "i"))),
        )
    for kind in (5, 13, 18, 19, 127):
        yield (
            f"element type {kind}",
            model(lambda m, g, t, o, k=kind: t[0].__setitem__(1, Scalar("b", k))),
        )
    for buffer in (1, 6, 99, 2**32 - 1):
        yield (
            f"buffer {buffer} for the weights",
            model(lambda m, g, t, o, b=buffer: t[1].__setitem__(2, Scalar("I", b))),
        )
    yield "no operators", model(lambda m, g, t, o: o.clear())
    yield "no tensors", model(lambda m, g, t, o: t.clear())
    yield "a cycle", model(lambda m, g, t, o: o[0].__setitem__(1, Vector([10, 1, 2], "i")))
    yield (
        "options of another operator",
        model(lambda m, g, t, o: o[0].__setitem__(3, Scalar("B", 9))),
    )
    yield "no options", model(lambda m, g, t, o: (o[0].fields.pop(3), o[0].fields.pop(4)))
