/** Copy and Markdown: what one can do with a stream's text. */

import { copyText } from "../lib/clipboard";
import { button, setText } from "../lib/dom";
import { Refused, type Message, type Reach } from "../lib/link";

const REMARK = 2000; // milliseconds that a remark stays on its button

export interface ToolbarOptions {
  /** The whole text, if the view has it. */
  text: () => string | undefined;
  ask: (kind: string, values?: Record<string, unknown>) => Promise<Message>;
  /** Say to those who do not see the buttons. */
  say: (what: string) => void;
}

export interface ToolbarState {
  reach: Reach;
  markdown: boolean;
  /** Whether there is a text. */
  shown: boolean;
}

export class Toolbar {
  private readonly copy = button("Copy", () => void this.onCopy(), {
    class: "wasinn-button wasinn-stream-copy",
    title: "Copy the whole text",
  });
  private readonly markdown = button("Markdown", () => this.onMarkdown(), {
    class: "wasinn-button wasinn-stream-markdown",
    "aria-pressed": "false",
    title: "Show the text as Markdown",
  });
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly options: ToolbarOptions) {}

  /** In the order in which they are reached by keyboard. */
  get elements(): HTMLElement[] {
    return [this.copy, this.markdown];
  }

  set({ reach, markdown, shown }: ToolbarState): void {
    const live = reach === "live" || reach === "waiting";
    this.copy.hidden = !shown || (!live && this.options.text() === undefined);
    this.markdown.hidden = !shown || !live;
    this.markdown.setAttribute("aria-pressed", String(markdown));
  }

  close(): void {
    clearTimeout(this.timer);
  }

  private onMarkdown(): void {
    const on = this.markdown.getAttribute("aria-pressed") !== "true";
    this.options.ask("markdown", { on }).catch((error: unknown) => this.options.say(why(error)));
  }

  private async onCopy(): Promise<void> {
    try {
      const copied = await copyText(this.options.text() ?? (await this.fetch()));
      this.remark(copied ? "Copied" : "Not copied");
    } catch (error) {
      this.remark("Not copied", why(error));
    }
  }

  /** The whole text from the kernel: the view has only its end. */
  private async fetch(): Promise<string> {
    const { text } = await this.options.ask("text");
    return typeof text === "string" ? text : "";
  }

  private remark(what: string, detail = what): void {
    setText(this.copy, what);
    this.options.say(detail);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => setText(this.copy, "Copy"), REMARK);
  }
}

function why(error: unknown): string {
  return error instanceof Refused ? error.message : "That did not work.";
}
