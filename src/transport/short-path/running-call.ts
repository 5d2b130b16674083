import type { IncomingHttpHeaders } from 'node:http';
import type { Context } from '../../domain/context.ts';
import { creditHeaders } from '../credit-headers.ts';
import type { Arrival } from '../http/arrival.ts';
import type { CorsHeaders } from '../http/cors.ts';
import type { RpcLimits } from '../http/rpc.ts';
import type { Log } from '../log.ts';
import { refuse } from '../refuse.ts';
import type { UnaryRpc } from '../rpc/unary-rpc.ts';
import { type AnswerHead, refusalAnswer } from './answers.ts';
import type { Answer, Exchange } from './exchange.ts';
import type { Head } from './head.ts';
import type { Messages } from './messages.ts';

/** What all calls of the short path share. */
export interface CallParts {
  readonly context: Context;
  readonly log: Log;
  readonly limits: RpcLimits;
  readonly corsFor: (origin: string | undefined) => CorsHeaders;
}

/** An RPC as the short path serves it. */
export interface ShortRpc extends UnaryRpc {
  readonly messages: Messages;
}

/** One request that may take the short path. */
export interface ShortCall {
  readonly rpc: ShortRpc;
  readonly head: Head;
  readonly headers: IncomingHttpHeaders;
  readonly exchange: Exchange;
  readonly arrival: Arrival;
  /** Gives the request to the general path, with what was read of it. The call has had no effect then. */
  readonly handOver: (arrival: Arrival) => void;
}

/**
 * Where a call stands. `open`: nothing has happened that the general path could not do again; `running`: the RPC is at
 * work; `answered`: the answer is on its way; `over`: handed over, or the caller has gone.
 */
type Stage = 'open' | 'running' | 'answered' | 'over';

/** A call as it goes along. */
export interface Running extends ShortCall {
  readonly parts: CallParts;
  readonly aborter: AbortController;
  stage: Stage;
  timer: NodeJS.Timeout;
  /** It was given the time that it waits, when its own was over. */
  isPutOff: boolean;
}

export function acceptEncodingOf({ headers }: ShortCall): string | undefined {
  const accepted = headers['grpc-accept-encoding'];
  return typeof accepted === 'string' ? accepted : undefined;
}

export function answerHeadOf({ parts, arrival, headers }: Running): AnswerHead {
  const { requestId, charge } = arrival.info;
  const credits = creditHeaders(charge, parts.context.store.now);
  return { requestId, cors: parts.corsFor(headers.origin), credits };
}

function send(running: Running, answer: Answer): void {
  running.stage = 'answered';
  running.exchange.send(answer);
}

export function refuseWith(running: Running, error: unknown): void {
  const { parts, arrival, head, exchange } = running;
  const refused = refuse(error, arrival.info, parts.log);
  try {
    send(running, refusalAnswer(answerHeadOf(running), head.format, refused));
  } catch {
    exchange.destroy();
  }
}

/** Writes what the RPC ended with, unless something else was answered by now or nobody is there to take it. */
export function answerWith(running: Running, answer: () => Answer): void {
  const { info } = running.arrival;
  if (running.stage !== 'running' || running.exchange.isGone()) {
    info.neverLeft?.();
    return;
  }
  try {
    const written = answer();
    const refused = info.refuseAtLast?.() ?? null;
    if (refused === null) send(running, written);
    else refuseWith(running, refused);
  } catch (error) {
    refuseWith(running, error);
  }
}
