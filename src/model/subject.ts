import { hasControlCharacter } from './control-character.ts';

/** A subject of another authorization server whose tokens are not accepted, whatever that server says of them. */
export interface DeniedSubject {
  /** As in the tokens' `sub`. */
  readonly subject: string;
  readonly reason: string;
  /** Since when, in ms. */
  readonly deniedAt: number;
}

/** OpenID Connect Core 1.0, section 2, allows 255 characters of ASCII. */
const LENGTH = /^.{1,255}$/su;

/** 1 to 255 characters, none of them a control character. */
export function isSubject(text: string): boolean {
  return text.isWellFormed() && LENGTH.test(text) && !hasControlCharacter(text);
}

/** What was found out about a token of another server, to be kept until `expireAt` (ms). */
export interface KeptToken {
  /** Salted hash of the token. */
  readonly key: string;
  /** JSON text; whoever keeps it reads it. */
  readonly body: string;
  readonly expireAt: number;
}
