/** Elements made from plain values. Text is only ever set as text, so nothing in it can act. */

type Attributes = Record<string, string | number | boolean | undefined>;
type Child = Node | string | undefined;

/** An element with attributes (`true` is an empty attribute, `false` none) and children. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    element.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children) if (child !== undefined) element.append(child);
  return element;
}

/** A button that does something; it is never a submit button. */
export function button(
  label: string,
  onClick: () => void,
  attributes: Attributes = {},
): HTMLButtonElement {
  const element = h("button", { type: "button", ...attributes }, label);
  element.addEventListener("click", onClick);
  return element;
}

/** Set a text only if it changed: a change makes layout and screen readers work. */
export function setText(node: Node, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}
