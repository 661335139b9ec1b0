/** What somebody typed into a field, as the kernel wants it. */

import type { Field, Raw } from "./types";

const INTEGER = /^[+-]?\d{1,15}$/;
const FLOAT = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** A number or an offered value where the text is one; else the text, for the kernel to refuse. */
export function parsed(field: Field, text: string): Raw {
  const typed = text.trim();
  const word = field.offers.find((offer) => offer.label.toLowerCase() === typed.toLowerCase());
  if (word) return word.value;
  if (field.kind === "str") return text;
  const pattern = field.kind === "int" ? INTEGER : FLOAT;
  const number = Number(typed);
  return pattern.test(typed) && Number.isFinite(number) ? number : text;
}
