/** Which kernels had the extension loaded, for a page that is loaded again while a cell runs. */

const KEY = "wasinn-nb:loaded-in";
/** So many are remembered; a page rarely has more kernels. */
const MANY = 20;

/** What the page's tab remembers; nothing where storage is not allowed. */
function read(): string[] {
  try {
    const known: unknown = JSON.parse(sessionStorage.getItem(KEY) ?? "[]");
    return Array.isArray(known) ? known.filter((id) => typeof id === "string") : [];
  } catch {
    return [];
  }
}

function write(ids: readonly string[]): void {
  try {
    sessionStorage.setItem(KEY, JSON.stringify(ids.slice(-MANY)));
  } catch {
    // the kernel says it again, only later
  }
}

export function isRemembered(kernelId: string): boolean {
  return read().includes(kernelId);
}

export function remember(kernelId: string): void {
  if (!isRemembered(kernelId)) write([...read(), kernelId]);
}

export function forget(kernelId: string): void {
  if (isRemembered(kernelId)) write(read().filter((id) => id !== kernelId));
}
