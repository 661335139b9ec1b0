/**
 * A long text as blocks that a browser lays out one by one: new text touches only the last block,
 * and old text goes block by block. A block ends with a line; only a line without an end in sight
 * is cut, between words if there are any.
 */

/** A block is closed with the first line that ends beyond this many code units. */
export const SOFT = 4_096;
/** A line is cut once its block has this many. */
export const HARD = 16_384;

const SEARCH = 256;
// what may not be torn from what is before it: marks, joiners, the second half of a pair; nor is
// it known what the first half of one will be
const ATTACHED = /^(?:\p{M}|\p{Emoji_Modifier}|\u200d|[\udc00-\udfff]|[\ud800-\udbff]$)/u;

/** Text for the last block, or for a new one. */
export interface Addition {
  text: string;
  opens: boolean;
}

export class Blocks {
  /** Offset of the first code unit that is kept. */
  start: number;
  private texts: string[] = [];
  private open = false;
  private kept = 0;

  constructor(start = 0) {
    this.start = start;
  }

  /** Code units that are kept. */
  get length(): number {
    return this.kept;
  }

  /** Offset of what comes next. */
  get end(): number {
    return this.start + this.kept;
  }

  /** What is kept, as it came. */
  get text(): string {
    return this.texts.join("");
  }

  /** Take text up; returns where it goes. */
  append(text: string): Addition[] {
    const additions: Addition[] = [];
    for (let rest = text; rest !== "";) {
      const last = this.open ? (this.texts.at(-1) ?? "") : "";
      const cut = cutAt(last, rest);
      const piece = rest.slice(0, cut ?? rest.length);
      additions.push({ text: piece, opens: !this.open });
      if (this.open) this.texts[this.texts.length - 1] = last + piece;
      else this.texts.push(piece);
      this.kept += piece.length;
      this.open = cut === undefined;
      rest = rest.slice(piece.length);
    }
    return additions;
  }

  /** Give old blocks up as long as `limit` code units remain; returns how many blocks went. */
  trim(limit: number): number {
    let dropped = 0;
    for (const { length } of this.texts.slice(0, -1)) {
      if (this.kept - length < limit) break;
      this.kept -= length;
      this.start += length;
      dropped++;
    }
    this.texts.splice(0, dropped);
    return dropped;
  }
}

/** The end of a text: about `length` code units, from the beginning of a line or character on. */
export function ending(text: string, length: number): string {
  const from = text.length - length;
  if (from <= 0) return text;
  const line = text.indexOf("\n", from - 1) + 1;
  return text.slice(line > 0 && line - from < SOFT ? line : whole(text, from));
}

/** Where in `rest` the block ends that holds `last`; undefined if it goes on. */
function cutAt(last: string, rest: string): number | undefined {
  const line = rest.indexOf("\n", Math.max(0, SOFT - last.length - 1));
  if (line >= 0 && last.length + line < HARD) return line + 1;
  const room = Math.max(HARD - last.length, 0);
  if (rest.length <= room) return undefined;
  const space = rest.slice(room, room + SEARCH).search(/[ \t\n]/);
  const cut = space >= 0 ? room + space + 1 : whole(rest, Math.max(room, 1));
  return cut < rest.length ? cut : undefined;
}

/** The first place from `at` on that tears no character. */
function whole(text: string, at: number): number {
  let cut = at;
  while (
    cut < text.length &&
    (ATTACHED.test(text.slice(cut, cut + 2)) || text[cut - 1] === "\u200d")
  )
    cut++;
  return cut;
}
