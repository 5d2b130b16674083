/** A subject of another authorization server whose tokens are not accepted, whatever that server says of them. */
export interface DeniedSubject {
  /** As in the tokens' `sub`. */
  readonly subject: string;
  readonly reason: string;
  /** Since when, in ms. */
  readonly deniedAt: number;
}

/** 1 to 255 characters (OpenID Connect Core 1.0, section 2, allows 255 of ASCII), none of them a control character. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
const SUBJECT = /^[^\u0000-\u001f\u007f]{1,255}$/u;

export function isSubject(text: string): boolean {
  return text.isWellFormed() && SUBJECT.test(text);
}

/** What was found out about a token of another server, to be kept until `expireAt` (ms). */
export interface KeptToken {
  /** Salted hash of the token. */
  readonly key: string;
  /** JSON text; whoever keeps it reads it. */
  readonly body: string;
  readonly expireAt: number;
}
