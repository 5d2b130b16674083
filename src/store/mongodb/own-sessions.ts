import { Binary, type ClientSession } from 'mongodb';

/** Sessions in which this process has made changes that it has announced, or will. */
export interface OwnSessions {
  readonly add: (session: ClientSession) => void;
  /** What was changed in it is not announced here: it counts as another's again. */
  readonly disown: (session: ClientSession) => void;
  /** `session` as a change event names it. */
  readonly has: (session: unknown) => boolean;
}

/** The driver uses few sessions over and over, and each for half an hour at most. */
const SESSIONS_MAX = 1000;

export function createOwnSessions(): OwnSessions {
  const ids = new Set<string>();
  return {
    add: (session) => {
      const [oldest] = ids;
      if (ids.size >= SESSIONS_MAX && oldest !== undefined) ids.delete(oldest);
      ids.add(nameOf(session.id));
    },
    disown: (session) => ids.delete(nameOf(session.id)),
    has: (session) => ids.has(nameOf(session)),
  };
}

/** The id in `{id: UUID}`, the form of a session in commands and events. */
function nameOf(session: unknown): string {
  const id = typeof session === 'object' && session !== null && 'id' in session ? session.id : undefined;
  return id instanceof Binary ? id.toString('hex') : '';
}
