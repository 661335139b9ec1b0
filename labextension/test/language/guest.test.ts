import {
  foldable,
  getIndentation,
  indentRange,
  matchBrackets,
  syntaxTree,
} from "@codemirror/language";
import { insertNewlineAndIndent } from "@codemirror/commands";
import type { EditorState } from "@codemirror/state";
import type { Tree } from "@lezer/common";
import { IterMode, TreeFragment } from "@lezer/common";
import { describe, expect, it } from "vitest";
import { GuestLanguage } from "../../src/language/guest";
import c from "../../src/skeletons/guest.c?raw";
import cpp from "../../src/skeletons/guest.cpp?raw";
import wat from "../../src/skeletons/guest.wat?raw";
import zig from "../../src/skeletons/guest.zig?raw";
import { NAMES, cell, innerOf, looks } from "./cells";

const RUST = `fn main() {
    let mut sum = 0;
    for i in 0..3 {
        sum += i; // all
    }
}
`;
const GO = `package main

func main() {
\tif x := 1; x > 0 {
\t\tprintln("yes")
\t}
}
`;
const PYTHON = `def main():
    for word in ["a", "b"]:
        print(word)
`;
const SCRIPT = `function main() {
  if (true) {
    console.log("yes"); // always
  }
}
`;
const BODIES: Record<string, string> = {
  ...{ c, cpp, zig, wat, rust: RUST, go: GO, js: SCRIPT, assemblyscript: SCRIPT, python: PYTHON },
};

function body(name: string): string {
  return BODIES[name] ?? "";
}

/** A text's look, without what the magic line has. */
function bodyLooks(state: EditorState): string[] {
  return looks(state).filter((look) => !/^(%%wasinn|[a-z]+:keyword$)/.test(look));
}

describe("the tree of a guest cell", () => {
  it("has the magic line's words, and the body's own tree as its child", () => {
    const state = cell("\n%%wasinn c --model a=b\nint x;\n");
    const tree = syntaxTree(state);
    expect(names(tree).join(" ")).toBe(
      "GuestCell MagicLine Magic Language Option Key Equals Model " +
        "Program Declaration PrimitiveType Identifier Rest",
    );
    expect(tree.length).toBe(state.doc.length);
    const declared = tree.resolveInner(state.doc.toString().indexOf("x;"), 1);
    expect([declared.name, state.sliceDoc(declared.from, declared.to)]).toEqual([
      "Identifier",
      "x",
    ]);
  });

  it.each(NAMES)("gives a body in %s the look it has by itself", (name) => {
    const alone = innerOf(name).parser.parse(body(name));
    const state = cell(`%%wasinn ${name}\n${body(name)}`);
    const nested = syntaxTree(state).children.at(-1) as Tree;
    expect(names(nested)).toEqual([...names(alone), "Rest"]);
    expect(nested.length).toBe(alone.length);
  });

  it.each(["%%wasinn cobol\nint x;", "%%wasinn c", "%%wasinn c\n", "%%wasinn"])(
    "of %j has a magic line only",
    (text) => {
      expect(names(syntaxTree(cell(text))).join(" ")).toMatch(
        /^GuestCell MagicLine Magic( Language)?$/,
      );
    },
  );
});

describe("a parse after a change", () => {
  const ROUNDS = 60;

  it.each(NAMES)("of a cell in %s equals a first one", (name) => {
    const random = numbers(name.length + 1);
    const language = new GuestLanguage(name, innerOf(name));
    let text = `%%wasinn ${name} --model a=b\n${body(name).repeat(6)}`;
    let fragments = TreeFragment.addTree(language.parser.parse(text));
    for (let round = 0; round < ROUNDS; round++) {
      // every third change is to the magic line
      const end = round % 3 === 0 ? text.indexOf("\n") + 2 : text.length;
      const from = 9 + Math.floor(random() * (end - 9));
      const to = Math.min(text.length, from + Math.floor(random() * 3));
      const put =
        ["", "x", "\n", "{", "}", '"', "//", " 1 ", "(", ")", "/*"][(random() * 11) | 0] ?? "";
      text = text.slice(0, from) + put + text.slice(to);
      const change = { fromA: from, toA: to, fromB: from, toB: from + put.length };
      fragments = TreeFragment.applyChanges(fragments, [change]);
      const tree = language.parser.parse(text, fragments);
      fragments = TreeFragment.addTree(tree, fragments);
      expect(structure(tree), JSON.stringify(text)).toEqual(structure(language.parser.parse(text)));
    }
  });

  it.each(["c", "rust", "wat"])("in %s keeps what did not change", (name) => {
    const { parser } = new GuestLanguage(name, innerOf(name));
    const text = `%%wasinn ${name}\n${body(name)}`.padEnd(40_000, `\n${body(name)}`);
    const before = parser.parse(text);
    for (const at of [text.indexOf("\n"), text.length >> 1, text.length]) {
      const change = { fromA: at, toA: at, fromB: at, toB: at + 1 };
      const fragments = TreeFragment.applyChanges(TreeFragment.addTree(before), [change]);
      const after = parser.parse(`${text.slice(0, at)} ${text.slice(at)}`, fragments);
      expect(common(before, after)).toBeGreaterThan(0.7 * text.length);
    }
  });
});

describe("the body of a guest cell", () => {
  it.each([
    ["c", "int main(void) {|}", 4],
    ["cpp", "struct S {|};", 4],
    ["rust", "fn main() {|}", 4],
    ["js", "if (x) {|}", 4],
    ["assemblyscript", "if (x) {|}", 4],
    ["go", "func main() {|}", 4],
    ["zig", "pub fn main() void {|}", 4],
    ["wat", "(module|\n)", 4],
    ["python", "def main():|", 4],
    ["c", "int main(void) {|", 4],
    ["go", "func main() {|", 4],
    ["zig", "pub fn main() void {|", 4],
    ["zig", "pub fn main() void {}|", 0],
    ["wat", "(module|", 4],
    ["python", "if True:\n    pass|", 4],
    ["c", "int x;|", 0],
    ["python", "|", 0],
  ])("in %s indents after %j", (name, code, indentation) => {
    const text = `%%wasinn ${name}\n${code}`;
    const state = cell(text.replace("|", ""), { anchor: text.indexOf("|") });
    insertNewlineAndIndent({
      state,
      dispatch: ({ newDoc, newSelection }) => {
        const line = newDoc.lineAt(newSelection.main.head);
        expect(line.text).toBe(" ".repeat(indentation));
        expect(newSelection.main.head).toBe(line.to);
      },
    });
    expect.assertions(2);
  });

  it("begins at no indentation, and so does the magic line", () => {
    const state = cell("%%wasinn python\n  x = 1\n");
    expect([getIndentation(state, 0), getIndentation(state, 16)]).toEqual([0, 0]);
  });

  it.each(["c", "cpp", "zig", "rust", "python"])("in %s is indented well as it is", (name) => {
    const state = cell(`%%wasinn ${name}\n${body(name)}`);
    const { newDoc } = state.update({ changes: indentRange(state, 0, state.doc.length) });
    expect(newDoc.toString()).toBe(state.doc.toString());
  });

  it.each([
    ["c", "//"],
    ["cpp", "//"],
    ["zig", "//"],
    ["rust", "//"],
    ["go", "//"],
    ["js", "//"],
    ["assemblyscript", "//"],
    ["python", "#"],
    ["wat", ";;"],
  ])("in %s has comments that begin with %s", (name, line) => {
    const state = cell(`%%wasinn ${name}\nx\ny`);
    const at = (pos: number, side: -1 | 1): unknown =>
      state.languageDataAt<{ line: string }>("commentTokens", pos, side)[0]?.line;
    const second = state.doc.line(2).from;
    expect([at(second, -1), at(second, 1), at(second + 1, -1), at(state.doc.length, 1)]).toEqual(
      Array(4).fill(line),
    );
    expect([at(0, 1), at(second - 1, 1)]).toEqual([undefined, undefined]);
  });

  it.each(NAMES)("in %s has brackets that match", (name) => {
    const open = body(name).indexOf("(");
    const state = cell(`%%wasinn ${name}\n${body(name)}`);
    const begin = state.doc.line(2).from;
    const match = matchBrackets(state, begin + open, 1);
    expect(match?.matched).toBe(true);
    expect(state.sliceDoc(match?.end?.from, match?.end?.to)).toBe(")");
  });

  it.each([
    ["c", "int main(int argc, char **argv) {", "}"],
    ["rust", "fn main() {", "}"],
    ["go", "func main() {", "}"],
    ["zig", "pub fn main(init: std.process.Init) !void {", "}"],
    ["js", "function main() {", "}"],
    ["python", "def main():", ""],
    ["wat", "(", ")"],
  ])("in %s folds to %s…%s", (name, head, rest) => {
    const text = `%%wasinn ${name}\n${body(name)}`;
    const state = cell(text);
    const line = state.doc.lineAt(text.indexOf(head));
    const fold = foldable(state, line.from, line.to);
    expect(text.slice(line.from, fold?.from)).toBe(head);
    expect(text.slice(fold?.to).trimEnd()).toBe(rest);
  });

  it("has no colours of Python's", () => {
    const state = cell("%%wasinn c\ndef = None; # print\n");
    expect(bodyLooks(state).join()).not.toMatch(/keyword|comment/);
  });
});

function names(tree: Tree): string[] {
  const found: string[] = [];
  tree.iterate({ enter: ({ name }) => void found.push(name) });
  return found;
}

function structure(tree: Tree): string[] {
  const found: string[] = [];
  tree.iterate({
    enter: ({ name, from, to }) => {
      // what the token parsers cut into pieces differs with what they were given
      if (name && name !== "Document") found.push(`${name} ${from}-${to}`);
    },
  });
  return found;
}

/** How much of the text lies in parts that two trees have in common. */
function common(one: Tree, other: Tree): number {
  const mode = IterMode.IncludeAnonymous;
  const parts = new Set<Tree | null>();
  one.iterate({ mode, enter: ({ tree }) => void parts.add(tree) });
  parts.delete(null);
  let length = 0;
  other.iterate({
    mode,
    enter: ({ tree, from, to }) => {
      if (!parts.has(tree)) return true;
      length += to - from;
      return false;
    },
  });
  return length;
}

/** Numbers from 0 to 1 that are the same in every run. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647;
}
