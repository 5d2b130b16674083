import { readInput, writeOutput } from '../server/script.ts';
import { grpcRequest, http1Request, inTurn } from './asks.ts';
import { grpcCall, grpcCallers } from './grpc.ts';
import { http1Caller } from './http1.ts';
import { measureCallers } from './measure.ts';
import type { Caller, LoadPlan, LoadResult } from './plan.ts';
import { type ReportedAsk, reportingCaller } from './reporting.ts';

function callersOf({ protocol, port, asks, callers }: LoadPlan): Caller[] {
  if (protocol === 'grpc') {
    const calls = asks.map((ask) => grpcCall(grpcRequest(ask), port));
    return grpcCallers(callers, port, inTurn(calls));
  }
  const reported = asks.flatMap((ask): ReportedAsk[] =>
    'reportEvery' in ask && ask.reportEvery !== undefined
      ? [{ ask, request: http1Request(ask, port), reportEvery: ask.reportEvery }]
      : [],
  );
  if (reported.length > 0)
    return Array.from({ length: callers }, () => reportingCaller(port, inTurn(reported)));
  const next = inTurn(asks.map((ask) => http1Request(ask, port)));
  return Array.from({ length: callers }, () => http1Caller(port, next));
}

const plan = await readInput<LoadPlan>();
writeOutput<LoadResult>(await measureCallers(callersOf(plan), plan));
