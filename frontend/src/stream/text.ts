/** The text of a stream: grows at its end, once a frame, and never holds more than a page can bear. */

import { button, h, setText } from "../lib/dom";
import { Blocks, ending, type Addition } from "./blocks";
import type { Piece } from "./feed";
import { Pin } from "./scroll";
import { visible } from "./visible";

/** UTF-16 code units that are in the page at most, but for one block. */
export const LIMIT = 100_000;

export class TextView {
  readonly element: HTMLElement;
  /** What scrolls, and takes the focus. */
  readonly region: HTMLElement;
  private readonly note = h("div", { class: "wasinn-stream-note wasinn-dim", hidden: true });
  private readonly plain = h("div", { class: "wasinn-stream-plain" });
  private readonly rendered = h("div", { class: "jp-RenderedHTMLCommon", hidden: true });
  private readonly jump: HTMLButtonElement;
  private readonly pin: Pin;
  private blocks = new Blocks();
  private last = new Text();
  /** Text that is not in the page yet, and where in the whole text it begins. */
  private pending = "";
  private pendingAt = 0;
  private frame: number | undefined;

  constructor() {
    const content = h("div", {}, this.note, this.plain, this.rendered);
    this.region = h(
      "div",
      {
        class: "wasinn-stream-text",
        role: "log",
        "aria-live": "off",
        "aria-label": "Generated text",
        tabindex: 0,
        // else JupyterLab takes the arrow keys, to go to another cell
        "data-lm-suppress-shortcuts": "true",
      },
      content,
    );
    this.jump = button("↓ Jump to end", () => this.toEnd(), {
      class: "wasinn-button wasinn-stream-jump",
      hidden: true,
    });
    this.element = h("div", { class: "wasinn-stream-frame", hidden: true }, this.region, this.jump);
    this.pin = new Pin(this.region, content, (pinned) => {
      this.jump.hidden = pinned;
      if (pinned) this.schedule();
    });
  }

  /** The whole text from its beginning on, or undefined if this view does not have it. */
  get whole(): string | undefined {
    const { at, text } = this.kept;
    return at === 0 ? text : undefined;
  }

  /** What this view has of the text, and at which offset it begins. */
  get kept(): Piece {
    const follows = this.pendingAt === this.blocks.end;
    if (!follows) return { at: this.pendingAt, text: this.pending };
    return { at: this.blocks.start, text: this.blocks.text + this.pending };
  }

  /** How far it is scrolled, in pixels from the beginning of the whole text, or to its end. */
  get position(): number | "end" {
    return this.blocks.start === 0 ? this.pin.position : "end";
  }

  /** Text that follows what came before. */
  append(text: string): void {
    this.pending += text;
    if (this.pending.length > 2 * LIMIT) this.shorten(); // the page is out of sight, say
    this.schedule();
  }

  /** Text that replaces what is shown: what lies between does not come any more. */
  restart(at: number, text: string): void {
    this.pendingAt = at;
    this.pending = text;
    this.schedule();
  }

  /** Show this instead of the plain text; with undefined, the plain text again. */
  render(content: DocumentFragment | undefined): void {
    this.rendered.replaceChildren(...(content ? [content] : []));
    this.rendered.hidden = content === undefined;
    this.plain.hidden = content !== undefined;
    this.pin.keep();
  }

  /** Listen and paint no more. */
  close(): void {
    if (this.frame !== undefined) cancelAnimationFrame(this.frame);
    this.pin.close();
  }

  private toEnd(): void {
    this.flush();
    this.pin.toEnd();
    this.region.focus({ preventScroll: true });
  }

  private schedule(): void {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = undefined;
      // who reads further up keeps what they read; the rest waits until they come to the end
      if (this.pin.pinned || this.blocks.length + this.pending.length < LIMIT) this.flush();
      this.pin.keep();
    });
  }

  private flush(): void {
    if (this.pending.length > LIMIT) this.shorten();
    if (this.pendingAt !== this.blocks.end) this.clear();
    for (const addition of this.blocks.append(this.pending)) this.add(addition);
    this.pendingAt += this.pending.length;
    this.pending = "";
    for (let old = this.blocks.trim(LIMIT); old > 0; old--) this.plain.firstChild?.remove();
    this.explain(this.blocks.start);
  }

  private explain(leftOut: number): void {
    this.note.hidden = leftOut === 0;
    const number = leftOut.toLocaleString("en");
    const words = `… ${number} characters before this are not shown; Copy has them`;
    setText(this.note, leftOut === 0 ? "" : words);
  }

  /** Give up all but the end of what is pending: it would be removed as soon as it is shown. */
  private shorten(): void {
    const kept = ending(this.pending, LIMIT);
    this.pendingAt += this.pending.length - kept.length;
    this.pending = kept;
  }

  private clear(): void {
    this.plain.replaceChildren();
    this.blocks = new Blocks(this.pendingAt);
  }

  private add({ text, opens }: Addition): void {
    if (opens) {
      this.last = new Text();
      this.plain.append(h("div", { class: "wasinn-stream-block" }, this.last));
    }
    // one text node a block: characters that come in parts are shaped together
    this.last.appendData(visible(text));
  }
}
