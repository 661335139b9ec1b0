/** Forms over a model's settings, in the channel that carries all else to and from a kernel. */

import { Form } from "@frontend/config/form";
import type { Message, Model } from "@frontend/lib/link";
import type { Opened, ShowForm } from "@frontend/panel/form";
import type { IDisposable } from "@lumino/disposable";
import { Channel } from "../kernel/conversation";

/** One form's part of the channel: to its view, this is the model of a widget. */
export class FormModel extends Channel implements IDisposable {
  private state: Record<string, unknown>;
  private disposed = false;

  constructor(
    private readonly carrier: Model,
    private readonly opened: Opened,
  ) {
    super(
      (message) => carrier.send({ kind: "to_form", form: opened.form, message }),
      () => undefined,
    );
    this.state = opened["state"] as Record<string, unknown>;
    carrier.on("msg:custom", this.receive);
    carrier.on("comm:close", this.closed);
  }

  get isDisposed(): boolean {
    return this.disposed;
  }

  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    this.carrier.off("msg:custom", this.receive);
    this.carrier.off("comm:close", this.closed);
  }

  override get(key: string): unknown {
    return this.state[key];
  }

  private readonly receive = (content: Message): void => {
    if (content.kind !== "form" || content["form"] !== this.opened.form) return;
    const { state = {}, message } = content as FormMessage;
    this.state = { ...this.state, ...state };
    for (const key of Object.keys(state)) this.emit(`change:${key}`);
    if (message) this.emit("msg:custom", message);
  };

  private readonly closed = (): void => this.emit("comm:close");
}

/** What the kernel says of a form: values that became others, or what a widget would send. */
interface FormMessage extends Message {
  state?: Record<string, unknown>;
  message?: Message;
}

/** For a panel whose kernel is at the other end of `carrier`. */
export function showForms(carrier: Model): ShowForm {
  return (opened, into, ended) => {
    const model = new FormModel(carrier, opened);
    const form = new Form(model);
    into.append(form.element);
    model.on("change:ended", ended);
    return Promise.resolve(() => {
      form.close();
      model.dispose();
    });
  };
}
