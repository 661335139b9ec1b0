/** Zig for CodeMirror; JupyterLab knows no language of that name. */

import type { StreamParser, StringStream } from "@codemirror/language";
import { LanguageSupport, StreamLanguage } from "@codemirror/language";
import type { IEditorLanguage } from "@jupyterlab/codemirror";

const KEYWORDS = wordsOf(
  "addrspace align allowzero and anyframe anytype asm break callconv catch comptime const " +
    "continue defer else enum errdefer error export extern fn for if inline linksection noalias " +
    "noinline nosuspend opaque or orelse packed pub resume return struct suspend switch test " +
    "threadlocal try union unreachable var volatile while",
);
const TYPES = wordsOf(
  "anyerror anyopaque bool c_char c_int c_long c_longdouble c_longlong c_short c_uint c_ulong " +
    "c_ulonglong c_ushort comptime_float comptime_int f128 f16 f32 f64 f80 isize noreturn type " +
    "usize void",
);
const CONSTANTS = new Map([
  ["true", "bool"],
  ["false", "bool"],
  ["null", "null"],
  ["undefined", "atom"],
]);

const NAME = /^[A-Za-z_]\w*/;
const INTEGER_TYPE = /^[iu]\d+$/;
const TYPE_NAME = /^[A-Z]\w*[a-z]/;
const LABEL = /^\s*:\s*(?:\{|(?:inline|for|while|switch)\b)/;
const COMMENT = /^\/\/(\/(?!\/)|!)?/;
const STRING = /^(?:"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?)/;
const NUMBER =
  /^(?:0x[\da-f_]+(?:\.[\da-f_]+)?(?:p[-+]?[\d_]+)?|0[bo][\d_]+|\d[\d_]*(?:\.\d[\d_]*)?(?:e[-+]?[\d_]+)?)/i;
const OPERATOR = /^(?:\.\*|\.\?|\.{2,3}|[-+*%=<>!&|^~?]+|\/=?)/;

const CLOSING = new Map([
  ["(", ")"],
  ["[", "]"],
  ["{", "}"],
]);
const PUNCTUATION = new Map([
  ["(", "paren"],
  [")", "paren"],
  ["[", "squareBracket"],
  ["]", "squareBracket"],
  ["{", "brace"],
  ["}", "brace"],
  [".", "derefOperator"],
]);
/** After these a line is complete. */
const COMPLETE = new Set(["", ";", ",", "(", "[", "{", "}"]);
/** What goes on with a statement without being indented. */
const BESIDE = /^(?:[{;]|else\b)/;
/** After these `const` belongs to a type. */
const POINTER = new Set(["operator", "]", ")", "volatile", "allowzero"]);

interface Block {
  /** The bracket that ends it. */
  readonly closing: string;
  /** The indentation of the line that begins it. */
  readonly indentation: number;
}

interface State {
  blocks: readonly Block[];
  /** The indentation of the last line. */
  indentation: number;
  /** The last token that is no comment: a keyword or bracket itself, else what it is. */
  last: string;
}

/** Zig, for JupyterLab's registry of languages. */
export function zig(): IEditorLanguage {
  return {
    name: "Zig",
    mime: "text/x-zig",
    extensions: ["zig", "zon"],
    support: new LanguageSupport(StreamLanguage.define(parser)),
  };
}

const parser: StreamParser<State> = {
  name: "zig",
  startState: () => ({ blocks: [], indentation: 0, last: "" }),
  token(stream, state) {
    if (stream.sol()) state.indentation = stream.indentation();
    if (stream.eatSpace()) return null;
    const comment = stream.match(COMMENT) as RegExpMatchArray | null;
    if (comment) {
      stream.skipToEnd();
      return comment[1] ? "docComment" : "comment";
    }
    const { kind, style } = read(stream, state);
    state.last = kind;
    return style;
  },
  indent({ blocks, indentation, last }, after, { unit }) {
    if (last === "line of text" && !after.startsWith(";")) return indentation;
    const block = blocks.at(-1);
    if (block && after.startsWith(block.closing)) return block.indentation;
    const base = block ? block.indentation + unit : 0;
    return COMPLETE.has(last) || BESIDE.test(after) ? base : base + unit;
  },
  languageData: {
    commentTokens: { line: "//" },
    indentOnInput: /^\s*[}\])]$/,
    closeBrackets: { brackets: ["(", "[", "{", "'", '"'] },
  },
};

/** Read a token: what it is to the next one, and how it looks. */
function read(stream: StringStream, state: State): { kind: string; style: string | null } {
  if (stream.match("\\\\")) {
    stream.skipToEnd();
    return { kind: "line of text", style: "string" };
  }
  if (stream.match(STRING)) return { kind: "string", style: "string" };
  if (stream.match(NUMBER)) return { kind: "number", style: "number" };
  if (stream.eat("@")) {
    if (stream.match(STRING)) return { kind: "name", style: "variableName" };
    stream.match(NAME);
    return { kind: "name", style: "variableName.function.standard" };
  }
  const name = stream.match(NAME) as RegExpMatchArray | null;
  if (name) return readName(name[0], stream, state);
  if (stream.match(OPERATOR)) return { kind: "operator", style: "operator" };
  return readMark(stream.next() ?? "", state);
}

function readName(
  name: string,
  stream: StringStream,
  { last }: State,
): {
  kind: string;
  style: string;
} {
  const called = stream.match(/^\(/, false) ? ".function" : "";
  if (last === ".") return { kind: "name", style: `propertyName${called}` };
  if (KEYWORDS.has(name)) {
    const kind = name === "const" && POINTER.has(last) ? "keyword" : name;
    return { kind, style: "keyword" };
  }
  const constant = CONSTANTS.get(name);
  if (constant) return { kind: "name", style: constant };
  if (TYPES.has(name) || INTEGER_TYPE.test(name)) return { kind: "name", style: "typeName" };
  if (last === "fn") return { kind: "name", style: "variableName.function.definition" };
  if (last === "const" || last === "var") return { kind: "name", style: "variableName.definition" };
  if (last === "label" || stream.match(LABEL, false)) return { kind: "name", style: "labelName" };
  if (TYPE_NAME.test(name)) return { kind: "name", style: "typeName" };
  return { kind: "name", style: `variableName${called}` };
}

/** A bracket, or whatever else is no word. */
function readMark(mark: string, state: State): { kind: string; style: string } {
  const closing = CLOSING.get(mark);
  if (closing) {
    state.blocks = [...state.blocks, { closing, indentation: state.indentation }];
  } else if (state.blocks.at(-1)?.closing === mark) {
    state.blocks = state.blocks.slice(0, -1);
  }
  const labels = mark === ":" && (state.last === "break" || state.last === "continue");
  return { kind: labels ? "label" : mark, style: PUNCTUATION.get(mark) ?? "separator" };
}

function wordsOf(text: string): ReadonlySet<string> {
  return new Set(text.split(" "));
}
