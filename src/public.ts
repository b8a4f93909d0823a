// Text that may be shown to anyone who can read a log, a header or an error.
//
// A secret value, a token and a response body are strings too, so `string` cannot be what the log accepts. It
// accepts `Public` alone, and there are two ways to make one: the `say` template, whose literal parts we wrote
// ourselves, and `shown`, the one door for text that came from outside and is known to be a name, a setting or
// an error code. Every call of `shown` is a claim a reviewer can check.

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
