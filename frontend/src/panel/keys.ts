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
