/** Where the keyboard is, and where its arrows go. */

/** What has the focus in an element, also where that is in a shadow tree. */
export function focusedIn(element: HTMLElement): HTMLElement | undefined {
  const focused = (element.getRootNode() as Document | ShadowRoot).activeElement;
  return focused instanceof HTMLElement && element.contains(focused) ? focused : undefined;
}

/** Up and down go to the same button of another row: shorter than Tab past all that are between. */
export function moveBetweenRows(event: KeyboardEvent): void {
  const { key, target } = event;
  if ((key !== "ArrowDown" && key !== "ArrowUp") || !(target instanceof Element)) return;
  if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const row = target.closest("tr");
  const group = row?.closest("tbody");
  if (!row || row !== group?.firstElementChild) return;
  const at = [...row.querySelectorAll("button")].findIndex((one) => one === target);
  const other = key === "ArrowDown" ? group.nextElementSibling : group.previousElementSibling;
  const button = other?.firstElementChild?.querySelectorAll("button")[at];
  if (at < 0 || !button) return;
  event.preventDefault();
  button.focus();
}
