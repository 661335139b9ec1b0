/** One line that says how something goes: a sign, a name, words, a thin bar, and room for buttons. */

import { Bar } from "./bar";
import { h, setText } from "./dom";

/** What the sign before the words stands for. */
export type Sign = "busy" | "done" | "stopped" | "failed" | "ended";

const SIGNS: Record<Sign, string> = {
  busy: "",
  done: "✓",
  stopped: "■",
  failed: "✕",
  ended: "○",
};

export class StatusLine {
  readonly element: HTMLElement;
  private readonly sign = h("span", { class: "wasinn-sign", "aria-hidden": "true" });
  private readonly label = h("bdi", { class: "wasinn-line-label" });
  private readonly gap = new Text(); // who copies or hears the line gets two words
  private readonly words = h("span", { class: "wasinn-line-words wasinn-figures wasinn-foreign" });
  private bar: Bar | undefined;
  private measures = "";

  /** @param buttons what stands at the end of the line. */
  constructor(...buttons: HTMLElement[]) {
    this.element = h(
      "div",
      { class: "wasinn-line" },
      this.sign,
      h("span", { class: "wasinn-line-text" }, this.label, this.gap, this.words),
      h("span", { class: "wasinn-line-buttons" }, ...buttons),
    );
  }

  /** What it says. */
  get text(): string {
    return [this.label, this.words]
      .map((part) => part.textContent)
      .filter(Boolean)
      .join(" · ");
  }

  /** Say how it goes. */
  say(sign: Sign, label: string, words: string): void {
    this.sign.className = `wasinn-sign wasinn-sign-${sign}`;
    setText(this.sign, SIGNS[sign]);
    setText(this.label, label);
    setText(this.words, words);
    this.gap.data = label && " ";
    this.label.hidden = label === "";
    this.words.classList.toggle("wasinn-error", sign === "failed");
  }

  /** Show a bar, or none. */
  progress(now?: { label: string; fraction?: number; words?: string }): void {
    if (!now) {
      this.bar?.element.remove();
      this.bar = undefined;
      this.measures = "";
      return;
    }
    if (!this.bar || now.label !== this.measures) {
      this.bar?.element.remove();
      this.bar = new Bar(now.label);
      this.measures = now.label;
      this.element.append(this.bar.element);
    }
    this.bar.set(now.fraction, now.words);
  }
}
