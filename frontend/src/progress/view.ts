/** One line: what goes on, how much of it is done, and what ends it. */

import { Announcer } from "../lib/announcer";
import { h } from "../lib/dom";
import { leave } from "../lib/ending";
import { Focus } from "../lib/focus";
import { kernelEnded } from "../lib/kernel";
import { StatusLine, type Sign } from "../lib/line";
import { Link, type Message, type Model } from "../lib/link";
import { Stopper } from "../lib/stopper";
import { htmlOf, replace } from "../lib/outputs";
import { percent, wholeSeconds } from "../lib/units";

const EVERY = 1000; // milliseconds
const TRAITS = ["activity", "fraction", "elapsed", "state", "message", "stop_words"];
// how much of it is done changes all the time, and is not said each time
const AMOUNT = / *\([^)]*\)$/;
const SIGNS: Record<string, Sign> = { finished: "done", cancelled: "stopped", failed: "failed" };

export class ProgressView {
  readonly element: HTMLElement;
  private readonly line: StatusLine;
  private readonly announcer = new Announcer();
  private readonly stopper = new Stopper("Cancel", "Cancelling…", () => this.cancel());
  private readonly focus: Focus;
  private readonly link: Link;
  private readonly timer: ReturnType<typeof setInterval>;
  private asOf = performance.now();
  private said: string;

  constructor(private readonly model: Model) {
    this.line = new StatusLine(this.stopper.element);
    this.element = h(
      "div",
      { class: "wasinn wasinn-progress", role: "group", "aria-label": "Progress", tabindex: -1 },
      this.line.element,
      this.announcer.element,
    );
    this.focus = new Focus(this.element);
    const ending = (message: Message): void => leave(this.link, model, message);
    this.link = new Link(model, {
      onMessage: ending,
      onWelcome: ending,
      onReach: (reach) => {
        this.paint();
        if (reach === "gone" && kernelEnded(model)) this.remain();
      },
    });
    model.on("change:elapsed", this.timed);
    for (const key of TRAITS) model.on(`change:${key}`, this.changed);
    this.timer = setInterval(() => this.paint(), EVERY);
    this.said = this.spoken();
    this.paint();
  }

  /** Stop listening; no timer or listener is left. */
  close(): void {
    if (this.string("state") in SIGNS) this.link.tell("bye"); // nobody needs the widget any more
    clearInterval(this.timer);
    this.model.off("change:elapsed", this.timed);
    for (const key of TRAITS) this.model.off(`change:${key}`, this.changed);
    this.link.close();
    this.announcer.close();
    this.focus.leave();
  }

  private readonly timed = (): void => {
    this.asOf = performance.now();
  };

  private readonly changed = (): void => {
    this.paint();
    const spoken = this.spoken();
    if (spoken === this.said) return;
    this.said = spoken;
    if (this.string("state") in SIGNS) this.announcer.last(spoken);
    else this.announcer.say(spoken);
  };

  /** Leave the line in the notebook, for the kernel has gone. */
  private remain(): void {
    const { text } = this.line;
    const data = { "text/plain": text, "text/html": htmlOf(h("div", {}, text)) };
    replace(this.model, this.string("reference"), data);
  }

  private cancel(): void {
    // it asks for an answer, for that shows whether the click has arrived
    this.link.ask("cancel").catch(() => this.paint());
  }

  private paint(): void {
    const { reach } = this.link;
    const sign = SIGNS[this.string("state")];
    const activity = this.string("activity");
    this.focus.keep(this.element, () =>
      this.stopper.set({ running: !sign, reach, words: this.string("stop_words") }),
    );
    if (sign || reach === "gone") {
      if (sign) this.line.say(sign, "", this.string("message") || this.string("state"));
      else this.line.say("ended", "", `${activity}: kernel ended`);
      this.line.progress();
      return;
    }
    const fraction = this.model.get("fraction");
    const known = typeof fraction === "number" ? { fraction } : {};
    this.line.say("busy", "", this.words(activity, known.fraction));
    this.line.progress({ label: "Progress", ...known });
  }

  private words(activity: string, fraction?: number): string {
    const elapsed = this.model.get("elapsed");
    const passed = (performance.now() - this.asOf) / 1000;
    const seconds = (typeof elapsed === "number" ? elapsed : 0) + passed;
    const done = fraction === undefined ? "" : percent(fraction);
    const took = seconds < 1 ? "" : `(${wholeSeconds(seconds)})`;
    return [activity, done, took].filter(Boolean).join(" ");
  }

  private spoken(): string {
    const state = this.string("state");
    if (state in SIGNS) return this.string("message") || state;
    return this.string("activity").replace(AMOUNT, "");
  }

  private string(key: string): string {
    const value = this.model.get(key);
    return typeof value === "string" ? value : "";
  }
}
