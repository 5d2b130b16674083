import type { OutcomeStore } from '../port.ts';
import type { Core } from './core.ts';
import { createReportRound } from './report-round.ts';
import type { Usage } from './usage.ts';

export function createOutcomeStore(core: Core, usage: Usage): OutcomeStore {
  const reportRound = createReportRound(core, usage.events);
  return {
    reportRound: async (reports) => {
      // With the draws of the same moment: a report costs no sync of its own.
      const { results, freed } = await core.transactions.writeTogether(() =>
        reportRound(reports, core.now()),
      );
      core.announce(...freed.map((tierId) => ({ kind: 'freed', tierId }) as const));
      return results;
    },
    // A report and what it changes commit together, and it goes with its draw.
    applyReports: async () => 0,
    deleteExpiredReports: async () => 0,
  };
}
