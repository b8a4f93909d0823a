// Text that may be shown to anyone who can read a log, a header or an error.
//
// A secret value, a token and a response body are strings too, so the log must not accept `string`. It accepts
// `Public` only. There are two ways to make one: the `say` template, whose literal parts are written in this program,
// and `shown`, for text from outside that is known to be a name, a setting or an error code. Each call of `shown` is
// a claim that a reviewer can check.

declare const publicBrand: unique symbol

/** Text known to hold no secret value, token or body. */
export type Public = string & { readonly [publicBrand]: true }

/** The longest piece of outside text that is shown, in characters. */
export const LONGEST_SHOWN = 1024

/** Vouches that `text` is a name, a setting or an error code; control characters become spaces, and it is cut. */
export function shown(text: string): Public {
  // oxlint-disable-next-line no-control-regex
  return text.slice(0, LONGEST_SHOWN).replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ') as Public
}

/** Template tag: literal text with public parts. A plain string does not type-check as a part. */
export function say(literals: TemplateStringsArray, ...parts: (Public | number | boolean)[]): Public {
  let text = literals[0]!
  for (let i = 0; i < parts.length; i++) text += String(parts[i]) + literals[i + 1]!
  return text as Public
}

/** Printable ASCII, for a header or a body that every client can read: whatever else stands in the text is one `?`. */
export function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]+/g, '?')
}
