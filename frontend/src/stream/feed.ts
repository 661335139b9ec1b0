/**
 * Where pieces of a stream belong. A piece says at which offset of the whole text it begins, in
 * UTF-16 code units; pieces come twice (a view is greeted with text that it has), and get lost
 * (a view listens only once it is drawn).
 */

export interface Piece {
  at: number;
  text: string;
}

/** A piece that a kernel sent, if it is one. */
export function pieceOf(value: unknown): Piece | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { at, text } = value as Partial<Record<string, unknown>>;
  if (typeof at !== "number" || !Number.isSafeInteger(at) || at < 0) return undefined;
  return typeof text === "string" ? { at, text } : undefined;
}

/** What to do with a piece: append text, begin anew at an offset, or ask for what is missing. */
export type Step =
  | { do: "append"; text: string }
  | { do: "restart"; at: number; text: string }
  | { do: "ask" }
  | { do: "nothing" };

/** Puts pieces together. */
export class Feed {
  /** Offset of what comes next. */
  end = 0;

  /** A piece that came as it was generated. */
  frame(piece: Piece): Step {
    return piece.at > this.end ? { do: "ask" } : this.append(piece);
  }

  /** All that the kernel still has: what is missing before it will not come any more. */
  tail(piece: Piece): Step {
    if (piece.at <= this.end) return this.append(piece);
    if (piece.text === "") return { do: "nothing" }; // it keeps none
    this.end = piece.at + piece.text.length;
    return { do: "restart", ...piece };
  }

  private append({ at, text }: Piece): Step {
    const fresh = text.slice(this.end - at);
    if (fresh === "") return { do: "nothing" };
    this.end += fresh.length;
    return { do: "append", text: fresh };
  }
}
