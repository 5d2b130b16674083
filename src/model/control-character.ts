/** Control characters as Unicode has them (general category Cc): U+0000 to U+001F, and U+007F to U+009F. */
const CONTROL = /\p{Cc}/u;

export function hasControlCharacter(text: string): boolean {
  return CONTROL.test(text);
}
