/** Puts a stream's line and text together, and follows what the kernel says of them. */

import { Announcer } from "../lib/announcer";
import { h } from "../lib/dom";
import { leave, placeOf, scrollAlike, type Place } from "../lib/ending";
import { Focus } from "../lib/focus";
import { kernelEnded } from "../lib/kernel";
import { StatusLine, type Sign } from "../lib/line";
import { Link, type Message, type Model } from "../lib/link";
import { replace } from "../lib/outputs";
import { Stopper } from "../lib/stopper";
import { tokenCount } from "../lib/units";
import { Feed, pieceOf, type Step } from "./feed";
import { figuresOf, isFinal, KEYS, updated, type Figures } from "./figures";
import { nodesOf } from "./markdown";
import { remainder } from "./remainder";
import { TextView } from "./text";
import { Toolbar } from "./toolbar";
import { progress, spoken, words } from "./words";

const CALM = 250; // milliseconds between two changes of a figure: faster ones cannot be read

export class StreamView {
  readonly element: HTMLElement;
  private readonly line: StatusLine;
  private readonly text = new TextView();
  private readonly announcer = new Announcer();
  private readonly stopper = new Stopper("Stop", "Stopping…", () => this.stop());
  private readonly tools: Toolbar;
  private readonly feed = new Feed();
  private readonly focus: Focus;
  private readonly link: Link;
  private readonly listeners: [event: string, callback: () => void][] = [];
  private readonly timer: ReturnType<typeof setInterval>;
  private figures: Figures;
  /** When the figures said how much time has elapsed, on the page's clock. */
  private asOf = performance.now();
  private asked = false;
  private place: Place | undefined;

  constructor(private readonly model: Model) {
    this.figures = figuresOf(model);
    this.tools = new Toolbar({
      text: () => this.text.whole,
      ask: (kind, values) => this.link.ask(kind, values),
      say: (what) => this.announcer.say(what),
    });
    this.line = new StatusLine(this.stopper.element, ...this.tools.elements);
    this.element = h(
      "div",
      { class: "wasinn wasinn-stream", role: "group", tabindex: -1 },
      this.line.element,
      this.text.element,
      this.announcer.element,
    );
    this.focus = new Focus(this.element);
    this.link = new Link(model, {
      onMessage: (message) => this.received(message),
      onWelcome: (message) => this.welcomed(message),
      onReach: () => this.reached(),
    });
    this.follow();
    this.take(this.model.get("tail"));
    this.renderMarkdown();
    this.timer = setInterval(() => this.tick(), CALM);
    this.paint();
  }

  /** Stop listening; no timer, observer or listener is left. */
  close(): void {
    if (isFinal(this.figures.state)) this.settle();
    clearInterval(this.timer);
    for (const [event, callback] of this.listeners) this.model.off(event, callback);
    this.link.close();
    this.text.close();
    this.tools.close();
    this.announcer.close();
    this.focus.leave();
  }

  /** It is over, and what stays takes the view's place. */
  private settle(): void {
    this.link.tell("bye"); // nobody needs the widget any more
    if (this.place && !this.text.element.hidden)
      scrollAlike(this.place, this.text.position, this.focus.within(this.text.region));
  }

  private follow(): void {
    const on = (key: string, callback: () => void): void => {
      this.listeners.push([`change:${key}`, callback]);
      this.model.on(`change:${key}`, callback);
    };
    // all of them: what changes with one message is told one by one, the state first
    const traits = (): Record<string, unknown> =>
      Object.fromEntries(KEYS.map((key) => [key, this.model.get(key)]));
    for (const key of KEYS) on(key, () => this.update(traits()));
    for (const key of ["label", "reason", "shows_text", "stop_words"]) on(key, () => this.paint());
    on("tail", () => this.take(this.model.get("tail")));
    for (const key of ["markdown", "html"]) on(key, () => this.renderMarkdown());
  }

  private received(message: Message): void {
    leave(this.link, this.model, message);
    if (message.kind !== "frame") return;
    const piece = pieceOf(message);
    if (piece) this.apply(this.feed.frame(piece));
    this.hear(message);
  }

  private welcomed(message: Message): void {
    this.asked = false;
    this.take(message);
    this.hear(message);
    this.paint();
    leave(this.link, this.model, message);
  }

  private hear(message: Message): void {
    const news = message["figures"];
    if (typeof news === "object" && news !== null) this.update(news as Record<string, unknown>);
  }

  /** Everything that the kernel still has. */
  private take(tail: unknown): void {
    const piece = pieceOf(tail);
    if (!piece) return;
    this.asked = false;
    this.apply(this.feed.tail(piece));
  }

  private apply(step: Step): void {
    if (step.do === "append") this.text.append(step.text);
    else if (step.do === "restart") this.text.restart(step.at, step.text);
    else if (step.do === "ask" && !this.asked) {
      this.asked = true;
      this.link.hello();
    }
    const { hidden } = this.text.element;
    this.showText();
    if (this.text.element.hidden !== hidden) this.paint(); // what can be done with a text
  }

  private update(news: Record<string, unknown>): void {
    const before = this.figures;
    this.figures = updated(before, news);
    if ("elapsed" in news) this.asOf = performance.now();
    if (before.state === this.figures.state) return; // with the next tick
    this.paint();
    const said = spoken(this.figures, this.string("reason"));
    if (isFinal(this.figures.state)) this.announcer.last(said);
    else this.announcer.say(said);
  }

  private tick(): void {
    if (!isFinal(this.figures.state)) this.paintFigures();
  }

  private reached(): void {
    this.paint();
    if (this.link.reach === "gone" && kernelEnded(this.model)) this.remain();
  }

  /** Leave in the notebook what there is, for nobody else will. */
  private remain(): void {
    replace(this.model, this.string("reference"), remainder(this.line.text, this.text.kept));
  }

  private stop(): void {
    // it asks for an answer, for that shows whether the click has arrived
    this.link.ask("stop").catch(() => this.paint());
  }

  private paint(): void {
    this.place = placeOf(this.element) ?? this.place;
    const { state } = this.figures;
    const { reach } = this.link;
    const running = !isFinal(state);
    this.element.setAttribute("aria-label", this.string("label") || "Token stream");
    this.showText();
    this.focus.keep(this.text.element.hidden ? this.element : this.text.region, () => {
      this.stopper.set({ running, reach, words: this.string("stop_words") });
      this.tools.set({
        reach,
        markdown: this.model.get("markdown") === true,
        shown: !this.text.element.hidden,
      });
    });
    this.paintFigures();
  }

  private paintFigures(): void {
    const label = this.string("label");
    if (!isFinal(this.figures.state) && this.link.reach === "gone") {
      const { tokens } = this.figures;
      this.line.say("ended", label, `kernel ended${tokens ? ` after ${tokenCount(tokens)}` : ""}`);
      this.line.progress();
      return;
    }
    const passed = (performance.now() - this.asOf) / 1000;
    const said = words(this.figures, this.figures.elapsed + passed, this.string("reason"));
    this.line.say(signOf(this.figures), label, said);
    this.line.progress(progress(this.figures));
  }

  private showText(): void {
    this.text.element.hidden = this.model.get("shows_text") !== true || this.feed.end === 0;
  }

  private renderMarkdown(): void {
    const html = this.model.get("markdown") === true ? this.string("html") : "";
    this.text.render(html === "" ? undefined : nodesOf(html));
    this.paint();
  }

  private string(key: string): string {
    const value = this.model.get(key);
    return typeof value === "string" ? value : "";
  }
}

function signOf({ state }: Figures): Sign {
  if (state === "finished") return "done";
  return state === "stopped" || state === "failed" ? state : "busy";
}
