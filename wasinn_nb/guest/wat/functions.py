"""Functions: their signature, their variables, and their body, indented by its blocks."""

from __future__ import annotations

from wasinn_nb.guest.wat.instructions import Instructions
from wasinn_nb.guest.wat.names import Names
from wasinn_nb.guest.wat.opcodes import Immediate
from wasinn_nb.guest.wat.reader import Reader
from wasinn_nb.guest.wat.source_lines import SourceLines
from wasinn_nb.guest.wat.valtypes import Types

# What engines accept; a few bytes can ask for billions.
_MOST_LOCALS = 50_000
_INDENTATION = [" " * 2 * depth for depth in range(16)]
_OPENING = (Immediate.BLOCK, Immediate.TRY_TABLE)
_BETWEEN = (Immediate.ELSE, Immediate.CATCH)


class Functions:
    """Writes the functions of one module.

    Args:
        names: of the module.
        types: of the module.
        instructions: of the module.
        lines: where the instructions come from.
    """

    def __init__(
        self, names: Names, types: Types, instructions: Instructions, lines: SourceLines
    ) -> None:
        self._names = names
        self._space = names.space("func")
        self._types = types
        self._instructions = instructions
        self._lines = lines

    def text(self, index: int, type_index: int, code: Reader) -> str:
        """One function; ``code`` is where its size stands, and goes on behind it.

        Raises:
            InvalidWasm: it is damaged, or has an instruction that is unknown.
        """
        start, code = code.at, code.part()
        local_names = self._names.locals(index)
        parameters = len(self._types.signature(type_index, code).parameters)
        use = self._types.use(type_index, code, local_names)
        lines = [f"(func {self._space.definition(index)} {use}"]
        variables = self._variables(code)
        named = [local_names.identified(parameters + at) for at in range(len(variables))]
        if any(named):
            lines += [
                " ".join(filter(None, ("  (local", name, f"{one})")))
                for name, one in zip(named, variables, strict=True)
            ]
        elif variables:
            lines.append(f"  (local {' '.join(variables)})")
        self._instructions.locals = local_names
        self._body(index, start, code, lines)
        code.finish("the function")
        lines.append(")")
        return "\n".join(lines)

    def _variables(self, code: Reader) -> list[str]:
        """The types of the local variables."""
        found: list[str] = []
        for _ in range(code.unsigned()):
            start = code.at
            count = code.unsigned()
            if len(found) + count > _MOST_LOCALS:
                raise code.failure(f"more than {_MOST_LOCALS} local variables", start)
            found += [self._types.value(code)] * count
        return found

    def _body(self, index: int, begin: int, code: Reader, lines: list[str]) -> None:
        """Append the instructions, without the last ``end``."""
        read, deepest = self._instructions.read, len(_INDENTATION) - 1
        names, begun = self._names.labels(index), 0
        labels = self._instructions.labels = []
        marks = self._lines.within(begin, code.end)
        mark = next(marks, None)
        while True:
            start = code.at
            opcode, operands = read(code)
            form = opcode.immediate
            depth = len(labels)
            if form is Immediate.END:
                if not labels:
                    return
                labels.pop()
                depth -= 1
            elif form in _BETWEEN:
                depth = max(depth - 1, 0)
            indentation = _INDENTATION[min(depth + 1, deepest)]
            while mark is not None and mark[0] <= start:
                if (following := next(marks, None)) is None or following[0] > start:
                    lines.append(f"{indentation}{mark[1]}")
                mark = following
            text = f"{opcode.name} {operands}" if operands else opcode.name
            if form in _OPENING:
                label = names.identified(begun)
                if label:
                    text = f"{opcode.name} {label} {operands}".rstrip()
                else:
                    text += f" ;; @{depth + 1}"
                labels.append(names.reference(begun) if begun in names else "")
                begun += 1
            lines.append(f"{indentation}{text}")
