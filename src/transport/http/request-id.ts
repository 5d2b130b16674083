const WELL_FORMED = /^[!-~]{1,128}$/;

/** The caller's `x-request-id` where it is 1 to 128 visible ASCII characters, or a new one. */
export function requestIdOf(header: string | readonly string[] | undefined, newId: () => string): string {
  return typeof header === 'string' && WELL_FORMED.test(header) ? header : newId();
}
