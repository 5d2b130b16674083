import type { VirtualTime } from '../virtual-time.ts';
import { type Answer, CODES } from './command.ts';
import type { Tables } from './tables.ts';

/** Writes on their way to a majority, and those who wait for that. */
export interface Confirmations {
  /** Lets what was written until now reach a majority after the lag. */
  readonly replicate: () => void;
  /** Answers when a majority has all that there is now, or with `unconfirmed` at `endsAtMs`. */
  readonly confirm: (value: unknown, reply: (answer: Answer) => void, endsAtMs: number) => void;
  /** From now on nothing reaches a majority. */
  readonly stop: () => void;
  /** Answers all who wait. */
  readonly giveUp: (answer: (value: unknown) => Answer) => void;
}

interface Waiting {
  readonly position: number;
  readonly value: unknown;
  readonly reply: (answer: Answer) => void;
}

export function createConfirmations(time: VirtualTime, tables: Tables, lagMs: () => number): Confirmations {
  let isStopped = false;
  let waiting = new Set<Waiting>();

  const commitTo = (position: number) => {
    if (isStopped) return;
    tables.commitTo(position);
    for (const one of waiting)
      if (one.position <= tables.committed()) {
        waiting.delete(one);
        one.reply({ kind: 'done', value: one.value });
      }
  };

  return {
    replicate: () => {
      const position = tables.position();
      time.after(lagMs(), () => commitTo(position), null);
    },
    // Also a write that changed nothing waits for all that it has seen.
    confirm: (value, reply, endsAtMs) => {
      const position = tables.position();
      if (position <= tables.committed() && !isStopped) {
        reply({ kind: 'done', value });
        return;
      }
      const one: Waiting = { position, value, reply };
      waiting.add(one);
      const expire = () => {
        if (waiting.delete(one)) reply({ kind: 'unconfirmed', value, code: CODES.maxTimeExpired });
      };
      if (endsAtMs < Infinity) time.after(endsAtMs - time.nowMs(), expire, null);
    },
    stop: () => {
      isStopped = true;
    },
    giveUp: (answer) => {
      const ended = waiting;
      waiting = new Set();
      for (const { value, reply } of ended) reply(answer(value));
    },
  };
}
