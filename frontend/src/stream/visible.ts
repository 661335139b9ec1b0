// eslint-disable-next-line no-control-regex -- it is about them
const CONTROLS = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/g;

/** Control characters as their symbols: a model's text is no terminal, and nothing in it is hidden. */
export function visible(text: string): string {
  return text.replace(CONTROLS, (control) =>
    control === "\x7f" ? "\u2421" : String.fromCharCode(0x2400 + control.charCodeAt(0)),
  );
}
