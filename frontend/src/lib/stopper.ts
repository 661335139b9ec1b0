/** A button that ends what goes on; where clicks do not arrive, the words that say what ends it. */

import { button, h, setText } from "./dom";
import type { Reach } from "./link";

export interface StopperState {
  /** Whether there is anything to end. */
  running: boolean;
  reach: Reach;
  /** What works in place of the button. */
  words: string;
}

export class Stopper {
  readonly element: HTMLElement;
  readonly button: HTMLButtonElement;
  private readonly instead = h("span", { class: "wasinn-dim" });
  private pressed = false;

  /**
   * @param label what stands on the button.
   * @param busy what stands there from the click on until it has ended.
   * @param onPress called for the first click only.
   */
  constructor(
    private readonly label: string,
    private readonly busy: string,
    onPress: () => void,
  ) {
    this.button = button(label, () => {
      if (this.pressed) return;
      this.pressed = true;
      this.paint();
      onPress();
    });
    this.button.className = "wasinn-button wasinn-stopper";
    this.element = h("span", { class: "wasinn-stopper-place" }, this.button, this.instead);
  }

  set({ running, reach, words }: StopperState): void {
    const clickable = reach === "live" || reach === "waiting";
    if (!running) this.pressed = false; // what runs next can be stopped again
    this.button.hidden = !running || !clickable;
    this.instead.hidden = !running || reach !== "silent";
    this.element.hidden = this.button.hidden && this.instead.hidden;
    setText(this.instead, words);
    this.paint();
  }

  private paint(): void {
    setText(this.button, this.pressed ? this.busy : this.label);
    // not `disabled`: that would take the focus away from who has just pressed it
    if (this.pressed) this.button.setAttribute("aria-disabled", "true");
    else this.button.removeAttribute("aria-disabled");
  }
}
