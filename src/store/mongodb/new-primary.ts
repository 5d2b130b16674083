import type { MongoClient, ServerDescriptionChangedEvent } from 'mongodb';

/**
 * Calls back when another member of the replica set, or the same in another term, has become the primary: what was read
 * from the one before may have been rolled back, and of that no change tells.
 */
export function onNewPrimary(client: MongoClient, tell: () => void): void {
  let last: string | null = null;
  client.on('serverDescriptionChanged', ({ newDescription }: ServerDescriptionChangedEvent) => {
    if (newDescription.type !== 'RSPrimary') return;
    const primary = `${newDescription.address} ${newDescription.electionId?.toHexString()}`;
    if (last !== null && last !== primary) tell();
    last = primary;
  });
}
