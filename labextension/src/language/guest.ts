/** A guest cell as a CodeMirror language: a magic line, and below it the body in its own. */

import { Language, defineLanguageFacet } from "@codemirror/language";
import type { Input, PartialParse } from "@lezer/common";
import { NodeType, Parser, Tree, TreeFragment } from "@lezer/common";
import type { Tag } from "@lezer/highlight";
import { styleTags, tags } from "@lezer/highlight";
import type { MagicLine, Part } from "./magic";
import { findMagic, tokens } from "./magic";

type Range = Readonly<{ from: number; to: number }>;

const TAGS: Readonly<Record<Part, Tag>> = {
  Magic: tags.processingInstruction,
  Language: tags.keyword,
  Option: tags.attributeName,
  Equals: tags.definitionOperator,
  Key: tags.propertyName,
  Model: tags.labelName,
  Value: tags.attributeValue,
  Number: tags.number,
  Variable: tags.special(tags.variableName),
  Separator: tags.separator,
  Argument: tags.string,
};

const CELL = NodeType.define({ id: 0, name: "GuestCell", top: true });
const LINE = NodeType.define({ id: 1, name: "MagicLine" });
const REST = NodeType.define({ id: 2, name: "Rest", error: true });
const PARTS = new Map(
  Object.entries(TAGS).map(([name, tag], at) => [
    name,
    NodeType.define({ id: at + 3, name, props: [styleTags({ [name]: tag })] }),
  ]),
);

/**
 * The language of a guest cell.
 *
 * The body's tree is the inner language's own, as a child of ours: highlighting, indentation,
 * brackets and folding find there what they look for, and a parse reuses what did not change.
 */
export class GuestLanguage extends Language {
  /**
   * @param name what the editor's element is told of it.
   * @param inner the body's language; null leaves the body plain.
   */
  constructor(
    name: string,
    readonly inner: Language | null,
  ) {
    super(defineLanguageFacet(), new GuestParser(inner?.parser ?? null), [], name);
  }

  // JupyterLab asks at each node that is in view whether it is Python: no need to look into others
  override get allowsNesting(): boolean {
    return this.name === "python";
  }
}

class GuestParser extends Parser {
  constructor(private readonly inner: Parser | null) {
    super();
  }

  override createParse(
    input: Input,
    fragments: readonly TreeFragment[],
    ranges: readonly Range[],
  ): PartialParse {
    const from = ranges[0]?.from ?? 0;
    const to = ranges.at(-1)?.to ?? from;
    const magic = findMagic(linesOf(input, from, to));
    const body = magic ? Math.min(from + magic.to + 1, to) : from;
    const inner =
      this.inner && body < to
        ? this.inner.startParse(input, bodyFragments(fragments, body), [{ from: body, to }])
        : null;
    return new GuestParse(magic, { from, body, to }, inner);
  }
}

class GuestParse implements PartialParse {
  stoppedAt: number | null = null;

  constructor(
    private readonly magic: MagicLine | null,
    private readonly at: Readonly<{ from: number; body: number; to: number }>,
    private readonly inner: PartialParse | null,
  ) {}

  get parsedPos(): number {
    return this.inner?.parsedPos ?? this.at.to;
  }

  stopAt(pos: number): void {
    this.stoppedAt = pos;
    this.inner?.stopAt(pos);
  }

  advance(): Tree | null {
    const body = this.inner?.advance();
    if (body === null) return null;
    const { from, body: start, to } = this.at;
    const children: Tree[] = [];
    const positions: number[] = [];
    if (this.magic) {
      children.push(lineTree(this.magic.text));
      positions.push(this.magic.from);
    }
    if (body) {
      children.push(unfinished(body));
      positions.push(start - from);
    }
    return new Tree(CELL, children, positions, (body ? start + body.length : to) - from);
  }
}

/** A body in which something is missing at the end, so that what is typed there belongs to it. */
function unfinished(body: Tree): Tree {
  const rest = new Tree(REST, [], [], 0);
  const positions = [...body.positions, body.length];
  return new Tree(body.type, [...body.children, rest], positions, body.length);
}

function lineTree(text: string): Tree {
  const children: Tree[] = [];
  const positions: number[] = [];
  for (const { part, from, to } of tokens(text)) {
    children.push(new Tree(PARTS.get(part) ?? NodeType.none, [], [], to - from));
    positions.push(from);
  }
  return new Tree(LINE, children, positions, text.length);
}

/** What can be reused of earlier bodies for one that begins at `start`. */
function bodyFragments(fragments: readonly TreeFragment[], start: number): TreeFragment[] {
  return fragments.flatMap(({ from, to, tree, offset, openEnd }) => {
    const body = tree.children.at(-1);
    const at = tree.positions.at(-1);
    if (!(body instanceof Tree && body.type.isTop) || at === undefined) return [];
    const begin = at - offset;
    const first = Math.max(from, begin, start);
    if (first >= to) return [];
    return [new TreeFragment(first, to, body, offset - at, first > begin, openEnd)];
  });
}

function* linesOf(input: Input, from: number, to: number): Generator<string> {
  let line = "";
  for (let at = from; at < to;) {
    const chunk = input.chunk(at).slice(0, to - at);
    const end = chunk.indexOf("\n");
    line += end < 0 ? chunk : chunk.slice(0, end);
    at += end < 0 ? chunk.length : end + 1;
    if (end < 0) continue;
    yield line;
    line = "";
  }
  yield line;
}
