import type { MongoClient, TopologyDescriptionChangedEvent } from 'mongodb';

/** The primary that the driver sends to. */
export interface KnownPrimary {
  /**
   * The id of the election that made it one, in hex, as its replies to writes tell it; null while none is known, and behind a
   * router or on a direct connection. The driver never goes back to a primary of an earlier election of a replica set, and
   * changes its mind between turns of the event loop only.
   */
  readonly election: () => string | null;
  /**
   * Calls back when another member of the replica set, or the same in another term, has become the primary: what was
   * read from the one before may have been rolled back, and of that no change tells.
   */
  readonly onNew: (tell: () => void) => void;
}

/** To be called before the client connects. */
export function followPrimary(client: MongoClient): KnownPrimary {
  const listeners: (() => void)[] = [];
  let election: string | null = null;
  let last: string | null = null;
  client.on('topologyDescriptionChanged', ({ newDescription }: TopologyDescriptionChangedEvent) => {
    const { type, servers } = newDescription;
    const primary = [...servers.values()].find((server) => server.type === 'RSPrimary');
    const known = primary?.electionId?.toHexString() ?? null;
    election = type === 'ReplicaSetWithPrimary' ? known : null;
    if (known === null || known === last) return;
    if (last !== null) for (const tell of listeners) tell();
    last = known;
  });
  return {
    election: () => election,
    onNew: (tell) => {
      listeners.push(tell);
    },
  };
}
