/** The side panel: the models of the kernel that the user works with. */

import type { ITranslator, TranslationBundle } from "@jupyterlab/translation";
import { SidePanel } from "@jupyterlab/ui-components";
import { DisposableDelegate, DisposableSet, type IDisposable } from "@lumino/disposable";
import type { ISignal } from "@lumino/signaling";
import { Panel, Widget } from "@lumino/widgets";
import { h, setText } from "@frontend/lib/dom";
import type { Asking } from "@frontend/panel/words";
import { wasinnIcon } from "../icons";
import type { IHost, IHosts, Standing } from "../tokens";
import { noticeOf } from "./notice";
import { Placeholder } from "./placeholder";
import { ModelsView } from "./view";

/** Milliseconds; what is over before that is not shown. */
const SOON = 300;
const PASSING: readonly Standing[] = ["starting", "asking"];
const ANSWERING: readonly Standing[] = ["live", "silent"];

export interface PanelOptions {
  hosts: IHosts;
  trans: TranslationBundle;
  translator: ITranslator;
  /** Whether an unload that stops guests is asked about. */
  asks: () => Asking;
}

/** The model whose form is to be opened when the models of its kernel are there. */
interface Wanted {
  /** Null where there is no kernel yet. */
  readonly host: IHost | null;
  readonly name: string;
}

export class ModelsPanel extends SidePanel {
  private readonly hosts: IHosts;
  private readonly trans: TranslationBundle;
  private readonly asks: () => Asking;
  private readonly heading = h("h2", { class: "jp-text-truncated", dir: "auto" });
  private readonly placeholder: Placeholder;
  private readonly views = new Map<IHost, ModelsView>();
  private shown: IHost | null = null;
  private followed: IDisposable = new DisposableSet();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private wanted: Wanted | undefined;

  constructor({ hosts, trans, translator, asks }: PanelOptions) {
    super({ content: new Panel(), translator });
    this.hosts = hosts;
    this.trans = trans;
    this.asks = asks;
    this.id = "wasinn-nb-models";
    this.title.icon = wasinnIcon;
    this.title.caption = trans.__("Models");
    this.addClass("wasinn-models");
    this.header.addWidget(new Widget({ node: this.heading }));
    this.placeholder = new Placeholder(trans);
    this.content.addWidget(this.placeholder);
    hosts.currentChanged.connect(this.follow);
    hosts.contextChanged.connect(this.follow);
    this.follow();
  }

  override dispose(): void {
    if (this.isDisposed) return;
    clearTimeout(this.timer);
    this.hosts.currentChanged.disconnect(this.follow);
    this.hosts.contextChanged.disconnect(this.follow);
    this.followed.dispose();
    super.dispose();
  }

  /** Open the form of a model's settings, now or when the models are shown. */
  configure(name: string): void {
    this.wanted = { host: this.hosts.current, name };
    this.render();
  }

  /** Give what is shown the focus. */
  enter(): void {
    this.content.widgets.find(isShown)?.node.focus({ preventScroll: true });
  }

  /** Load the extension into the kernel; the panel tells how that goes. */
  load(): Promise<void> {
    return this.placeholder.load();
  }

  protected override onAfterAttach(): void {
    this.render();
  }

  protected override onAfterShow(): void {
    this.render();
  }

  private readonly follow = (): void => {
    const { context, current: host } = this.hosts;
    this.followed.dispose();
    this.followed = DisposableSet.from([
      ...(context ? [listen(context.propertyChanged, this.render)] : []),
      ...(context ? [listen(context.statusChanged, this.render)] : []),
      ...(context ? [listen(context.connectionStatusChanged, this.render)] : []),
      ...(host ? [listen(host.standingChanged, this.render)] : []),
      ...(host ? [listen(host.busyChanged, this.render)] : []),
    ]);
    this.render();
  };

  private readonly render = (): void => {
    clearTimeout(this.timer);
    if (!this.isVisible) return; // what nobody sees costs nothing
    const { context, current: host } = this.hosts;
    setText(this.heading, context?.name ?? this.trans.__("Models"));
    this.heading.title = context?.path ?? "";
    const same = host !== null && host === this.shown;
    this.shown = host;
    this.wanted = this.wanted && wantedOf(host, this.wanted);
    const view = host && this.viewOf(host);
    if (view && ANSWERING.includes(host.standing)) {
      this.put(view);
      if (this.wanted) view.configure(this.wanted.name);
      this.wanted = undefined;
    } else if (same && PASSING.includes(host.standing) && this.content.widgets.some(isShown)) {
      this.timer = setTimeout(this.renderNotice, SOON);
    } else {
      this.renderNotice();
    }
  };

  private readonly renderNotice = (): void => {
    const { context, current: host } = this.hosts;
    this.placeholder.say(noticeOf(context, host, this.trans), host);
    this.put(this.placeholder);
  };

  /** The view of a host's models; a host that began anew has another one, once it is live. */
  private viewOf(host: IHost): ModelsView | undefined {
    const known = this.views.get(host);
    if (known?.model === host.model) return known;
    known?.dispose();
    if (host.standing !== "live") return undefined;
    const view = new ModelsView(host.model, this.asks);
    view.hide();
    this.views.set(host, view);
    view.disposed.connect(() => this.views.delete(host));
    host.disposed.connect(view.dispose, view);
    this.content.addWidget(view);
    return view;
  }

  /** Show one of the contents in the place of the others. */
  private put(one: Widget): void {
    const focused = this.content.node.contains(document.activeElement);
    for (const other of this.content.widgets) if (other !== one) other.hide();
    one.show();
    // what had the focus has gone with its place
    if (focused && !one.node.contains(document.activeElement)) one.node.focus();
  }
}

/** What is wanted still, now that this kernel is looked at. */
function wantedOf(host: IHost | null, { host: of, name }: Wanted): Wanted | undefined {
  return of === null || of === host ? { host, name } : undefined;
}

const isShown = ({ isHidden }: Widget): boolean => !isHidden;

function listen<T, U>(signal: ISignal<T, U>, slot: () => void): IDisposable {
  signal.connect(slot);
  return new DisposableDelegate(() => signal.disconnect(slot));
}
