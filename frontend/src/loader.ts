/**
 * What every widget carries as its code: it fetches the real one, once a page.
 *
 * A module that a page has loaded stays for as long as the page, so a notebook that runs all day
 * would keep a copy for every run. The code is in a widget of its own that all others name.
 */

interface Library {
  get(key: string): unknown;
}

interface Model extends Library {
  on(event: string, callback: (content: unknown) => void): void;
  off(event: string, callback: (content: unknown) => void): void;
  set(key: string, value: unknown): void;
  send(content: unknown): void;
  readonly widget_manager?: { get_model?(id: string): Promise<Library> };
}

interface Context {
  model: Model;
  el: HTMLElement;
}

interface Widget {
  default: { render(context: Context): () => void };
}

interface Code {
  code: string;
  style: string;
}

const page = globalThis as unknown as Record<symbol, Map<string, Promise<Widget>> | undefined>;
const loaded = (page[Symbol.for("wasinn_nb")] ??= new Map<string, Promise<Widget>>());

export default {
  /** JupyterLab keeps closed widgets for as long as it is connected to the kernel: empty them. */
  initialize({ model }: { model: Model }): void {
    const drop = (): void => {
      // a model also keeps what was before the last change, so that is to be of something small
      for (const key of [...(model.get("_dropped") as string[]), "_dropped"]) model.set(key, null);
    };
    // views go first, and do not see it
    model.on("comm:close", () => setTimeout(drop));
  },

  async render(context: Context): Promise<() => void> {
    const widget = await load(context.model);
    const close = widget.default.render(context);
    return () => {
      close();
      // the element itself outlives its view in some front ends
      context.el.replaceChildren();
    };
  },
};

function load(model: Model): Promise<Widget> {
  const digest = String(model.get("_digest"));
  let widget = loaded.get(digest);
  if (!widget) {
    widget = fetchCode(model).then(evaluate);
    loaded.set(digest, widget);
    widget.catch(() => loaded.delete(digest)); // the next view tries again
  }
  return widget;
}

async function fetchCode(model: Model): Promise<Code> {
  try {
    const library = await model.widget_manager?.get_model?.(String(model.get("_library")));
    const [code, style] = [library?.get("code"), library?.get("style")];
    if (typeof code === "string" && typeof style === "string") return { code, style };
  } catch {
    // this front end keeps widgets from each other
  }
  return await ask(model);
}

function ask(model: Model): Promise<Code> {
  return new Promise((resolve) => {
    const receive = (content: unknown): void => {
      const message = content as Code & { kind: string };
      if (message.kind !== "code") return;
      model.off("msg:custom", receive);
      resolve(message);
    };
    model.on("msg:custom", receive);
    model.send({ kind: "code" });
  });
}

async function evaluate({ code, style }: Code): Promise<Widget> {
  const url = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  try {
    const widget = (await import(url)) as Widget;
    const element = document.createElement("style");
    element.textContent = style;
    document.head.append(element);
    return widget;
  } finally {
    URL.revokeObjectURL(url);
  }
}
