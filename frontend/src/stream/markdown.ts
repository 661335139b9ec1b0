/**
 * Rendered Markdown as nodes. The kernel renders it without HTML of the text's own; here only what
 * Markdown consists of is taken over, so that a model's text can neither act nor load anything: a
 * picture's address would tell its server what was written.
 */

const ELEMENTS = new Set(
  (
    "p br hr h1 h2 h3 h4 h5 h6 ul ol li blockquote pre code em strong s del a " +
    "table thead tbody tr th td"
  ).split(" "),
);
const ADDRESS = /^(https?|mailto):/i;

/** The nodes of an HTML text. */
export function nodesOf(html: string): DocumentFragment {
  const fragment = document.createDocumentFragment();
  // a parsed document is inert: it runs and loads nothing
  copy(new DOMParser().parseFromString(html, "text/html").body, fragment);
  return fragment;
}

function copy(from: Node, to: Node): void {
  for (const node of from.childNodes) {
    if (node instanceof HTMLElement) to.appendChild(element(node));
    else if (node.nodeType === Node.TEXT_NODE) to.appendChild(new Text(node.nodeValue ?? ""));
  }
}

function element(source: HTMLElement): Node {
  const name = source.localName;
  if (name === "img") return new Text(source.getAttribute("alt") ?? "");
  if (!ELEMENTS.has(name)) return new Text(source.textContent);
  const made = document.createElement(name);
  if (name === "a") link(made as HTMLAnchorElement, source.getAttribute("href") ?? "");
  if (name === "ol") keep(source, made, "start");
  if (made.matches("p, h1, h2, h3, h4, h5, h6, li, blockquote, th, td")) made.dir = "auto";
  copy(source, made);
  return made;
}

function link(anchor: HTMLAnchorElement, address: string): void {
  if (!ADDRESS.test(address)) return;
  anchor.href = address;
  anchor.target = "_blank";
  anchor.rel = "noopener noreferrer";
  anchor.title = address;
}

function keep(source: Element, made: Element, name: string): void {
  const value = source.getAttribute(name);
  if (value !== null) made.setAttribute(name, value);
}
