/** The item in the status bar: what is loaded in the kernel that the user works with. */

import type { TranslationBundle } from "@jupyterlab/translation";
import { Signal, type ISignal } from "@lumino/signaling";
import { Widget } from "@lumino/widgets";
import { button, h, setText } from "@frontend/lib/dom";
import { wasinnIcon } from "../icons";
import type { IHost, IHosts, IPreferences } from "../tokens";
import { statusWords } from "./words";

export class StatusItem extends Widget {
  private host: IHost | null = null;
  private readonly button: HTMLButtonElement;
  private readonly models = h("span");
  private readonly rate = h("span", { class: "wasinn-status-rate" });
  private readonly _activeChanged = new Signal<this, void>(this);

  constructor(
    private readonly hosts: IHosts,
    private readonly preferences: IPreferences,
    private readonly trans: TranslationBundle,
    onClick: () => void,
  ) {
    super();
    this.addClass("wasinn-status");
    this.addClass("jp-mod-highlighted");
    this.button = button("", onClick, { class: "jp-StatusBar-TextItem" });
    const icon = wasinnIcon.element({ tag: "span", className: "wasinn-status-icon" });
    this.button.append(icon, this.models, this.rate);
    this.node.append(this.button);
    hosts.currentChanged.connect(this.follow, this);
    preferences.changed.connect(this.changed, this);
    this.follow();
  }

  /** Whether there is anything to show. */
  get isActive(): boolean {
    const standing = this.host?.standing;
    return this.preferences.current.statusBar && (standing === "live" || standing === "silent");
  }

  get activeChanged(): ISignal<this, void> {
    return this._activeChanged;
  }

  protected override onUpdateRequest(): void {
    if (!this.host || !this.isActive) return;
    const { models, rate, title, label } = statusWords(this.host, this.trans);
    setText(this.models, models);
    setText(this.rate, rate);
    this.rate.hidden = rate === "";
    this.button.title = title;
    this.button.setAttribute("aria-label", label);
  }

  private follow(): void {
    if (this.host) Signal.disconnectBetween(this.host, this);
    this.host = this.hosts.current;
    this.host?.standingChanged.connect(this.changed, this);
    this.host?.modelsChanged.connect(this.update, this);
    this.host?.generatingChanged.connect(this.update, this);
    this.changed();
  }

  private changed(): void {
    this._activeChanged.emit();
    this.update();
  }
}
