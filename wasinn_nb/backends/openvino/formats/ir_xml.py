"""Reads the XML of an OpenVINO IR into plain elements, refusing what XML allows and an IR lacks.

A document type with entities could make a small file expand to gigabytes or name other files, so
there may be none; depth and number of elements are bounded.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import NoReturn
from xml.parsers import expat

from wasinn_nb.backends.openvino.formats.part import Part, quoted
from wasinn_nb.nn.errors import InvalidEncoding

MAX_XML = 1 << 27
MAX_DEPTH = 256
MAX_ELEMENTS = 1 << 21


def read_xml(part: Part) -> ET.Element:
    """The root element, ``net``.

    Raises:
        InvalidEncoding: not an XML file, or one that is not an OpenVINO model.
        InvalidArgument: damaged; the message says what and where.
    """
    head = part.read(0, min(64, part.size)).removeprefix(b"\xef\xbb\xbf").lstrip()
    if not head.startswith(b"<"):
        seen = f"begins with {quoted(head[:8])}" if part.size else "is empty"
        raise InvalidEncoding(
            f"{part.label} is not an OpenVINO IR: it {seen}.",
            hint="An IR is an .xml file with a .bin file beside it; name the .xml file first.",
        )
    if part.size > MAX_XML:
        part.damaged(f"its XML has {part.size:,} bytes; the most is {MAX_XML:,}")
    return _Reader(part).read()


class _Reader:
    def __init__(self, part: Part) -> None:
        self._part = part
        self._builder = ET.TreeBuilder()
        self._parser = expat.ParserCreate()
        self._depth = 0
        self._count = 0
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._builder.data

    def read(self) -> ET.Element:
        try:
            self._parser.Parse(self._part.read(0, self._part.size), True)
        except expat.ExpatError as error:
            what = expat.ErrorString(error.code)
            if not self._count:
                raise InvalidEncoding(
                    f"{self._part.label} is not an OpenVINO IR: {what} "
                    f"(line {error.lineno}, column {error.offset}).",
                    hint="Check the path: an IR is an .xml file with a .bin file beside it.",
                ) from None
            self._part.damaged(
                f"its XML is broken: {what} (line {error.lineno}, column {error.offset})"
            )
        except (LookupError, ValueError) as error:  # an encoding that Python or expat lacks
            self._part.damaged(f"its XML cannot be read: {error}")
        finally:
            del self._parser  # it refers to this, and a cycle of many elements would stay for long
        return self._builder.close()

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self._count += 1
        if self._count == 1 and tag != "net":
            raise InvalidEncoding(
                f"{self._part.label} is not an OpenVINO IR: its root element is <{tag[:40]}>.",
                hint="The .xml file of an IR begins with <net>.",
            )
        if self._depth > MAX_DEPTH or self._count > MAX_ELEMENTS:
            self._refuse("it nests too deeply or has too many elements")
        self._builder.start(tag, attributes)

    def _end(self, tag: str) -> None:
        self._depth -= 1
        self._builder.end(tag)

    def _doctype(self, *_: object) -> NoReturn:
        self._refuse("it declares a document type, which no IR has")

    def _refuse(self, what: str) -> NoReturn:
        line = self._parser.CurrentLineNumber
        self._part.damaged(f"{what} (line {line})")
