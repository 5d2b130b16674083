import { Binary, type ClientSession } from 'mongodb';

/** Sessions in which this process has made changes that it has announced, or will. */
export interface OwnSessions {
  /** A change begins in it. */
  readonly begin: (session: ClientSession) => void;
  /** The change has ended. Where it is not announced here, what was changed in the session counts as another's again. */
  readonly end: (session: ClientSession, isAnnounced: boolean) => void;
  /** How long ago the oldest change under way began, in ms; 0 when there is none. */
  readonly oldestMs: () => number;
  /** `session` as a change event names it. */
  readonly has: (session: unknown) => boolean;
}

/** The driver uses few sessions over and over, and each for half an hour at most. */
const SESSIONS_MAX = 1000;

export function createOwnSessions(monotonicMs: () => number): OwnSessions {
  const ids = new Set<string>();
  /** When each change under way began; in that order. */
  const begun = new Map<ClientSession, number>();
  return {
    begin: (session) => {
      const [oldest] = ids;
      if (ids.size >= SESSIONS_MAX && oldest !== undefined) ids.delete(oldest);
      ids.add(nameOf(session.id));
      begun.set(session, monotonicMs());
    },
    end: (session, isAnnounced) => {
      begun.delete(session);
      if (!isAnnounced) ids.delete(nameOf(session.id));
    },
    oldestMs: () => {
      const [at] = begun.values();
      return at === undefined ? 0 : monotonicMs() - at;
    },
    has: (session) => ids.has(nameOf(session)),
  };
}

/** The id in `{id: UUID}`, the form of a session in commands and events. */
function nameOf(session: unknown): string {
  const id = typeof session === 'object' && session !== null && 'id' in session ? session.id : undefined;
  return id instanceof Binary ? id.toString('hex') : '';
}
