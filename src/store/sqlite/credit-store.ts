import type { OwnerCredits } from '../../model/credit.ts';
import type { CreditStore } from '../port.ts';
import { type ChargeRoundParts, chargeRound } from './charge-round.ts';
import { createChargedRequests } from './charged-requests.ts';
import type { Core } from './core.ts';
import { createOwnerCreditsRows } from './owner-credits.ts';
import { writeUsageRecords } from './usage-records.ts';

type OwnerPart = Pick<CreditStore, 'getOwnerCredits' | 'listOwnerCredits' | 'editOwnerCredits'>;

function createOwnerPart(core: Core): OwnerPart {
  const { db, transactions, adminEvents } = core;
  const owners = createOwnerCreditsRows(db);
  return {
    getOwnerCredits: async (owner) => transactions.read(() => owners.read(owner)),
    listOwnerCredits: async (page) => transactions.read(() => owners.list(page)),
    editOwnerCredits: async (owner, edit) => {
      const edited = transactions.write((): { row: OwnerCredits | null; isChanged: boolean } => {
        const { row, event } = edit(owners.read(owner));
        if (event === null) return { row, isChanged: false };
        if (row === null) owners.remove(owner);
        else owners.write(row);
        adminEvents.append(event);
        return { row, isChanged: true };
      });
      if (edited.isChanged) core.announce({ kind: 'owner', id: owner });
      return edited.row;
    },
  };
}

export function createCreditStore(core: Core): CreditStore {
  const { db, transactions, creditPools: pools } = core;
  const requests = createChargedRequests(db);
  const parts: ChargeRoundParts = {
    pools,
    requests,
    writeEvents: (events, at) => {
      writeUsageRecords(core, events, at);
    },
  };
  transactions.write(pools.recover);
  return {
    chargeRoundsMax: 1,
    chargeRound: async (charges) => {
      core.clockWatch.look();
      return transactions.writeAll(() => chargeRound(parts, charges, core.now()));
    },
    // The file belongs to one process. Where nothing can be written this fails, but for a full disk: charges tell of that.
    noteProcess: async () => transactions.write(() => 1),
    sweepCredits: async (limit) =>
      transactions.write(() => {
        const over = requests.removeExpired(core.now(), limit);
        return over + (over < limit ? pools.removeIdle(core.now(), limit - over) : 0);
      }),
    ...createOwnerPart(core),
  };
}
