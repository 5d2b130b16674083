import type { Message } from '@bufbuild/protobuf';
import { Code, ConnectError, createContextValues } from '@connectrpc/connect';
import { refuse } from '../refuse.ts';
import { admit, checkAgain } from '../request-gate.ts';
import { setRequestInfo } from '../request-info.ts';
import { validateMessage } from '../validation.ts';
import { failureAnswer, messageAnswer } from './answers.ts';
import { ENVELOPE_HEAD_BYTES } from './messages.ts';
import {
  acceptEncodingOf,
  answerHeadOf,
  answerWith,
  type CallParts,
  type Running,
  refuseWith,
  type ShortCall,
} from './running-call.ts';

function handOver(running: Running): void {
  if (running.stage !== 'open') return;
  running.stage = 'over';
  clearTimeout(running.timer);
  running.arrival.info.identity = null;
  running.handOver({ ...running.arrival, received: running.exchange.stopReading() });
}

function abort(running: Running, code: Code): ConnectError {
  const error = new ConnectError('', code);
  running.aborter.abort(error);
  return error;
}

/** True when a call that waits goes on; its caller's own deadline is never put off. */
function putOff(running: Running): boolean {
  const { head, arrival } = running;
  const moreMs = running.isPutOff ? 0 : Math.min(arrival.info.waitMs, head.callerTimeoutMs - head.timeoutMs);
  running.isPutOff = true;
  if (moreMs > 0) running.timer = setTimeout(onTime, moreMs, running);
  return moreMs > 0;
}

function onTime(running: Running): void {
  switch (running.stage) {
    case 'open':
      handOver(running);
      break;
    case 'running':
      if (putOff(running)) break;
      running.timer = setTimeout(onTime, running.parts.limits.requestTimeoutMs, running);
      refuseWith(running, abort(running, Code.DeadlineExceeded));
      break;
    case 'answered':
    case 'over':
      running.exchange.destroy();
  }
}

/** False when the call was handed over: then it is not for this path to end. */
function onClose(running: Running): boolean {
  const { stage, arrival, parts } = running;
  if (stage === 'over') return false;
  clearTimeout(running.timer);
  running.stage = 'over';
  if (stage !== 'answered') refuse(abort(running, Code.Canceled), arrival.info, parts.log);
  return true;
}

/** From here on the call may have an effect: whatever comes of it is answered by this path. */
function run(running: Running, request: Message): void {
  const { rpc, head, aborter, parts, arrival } = running;
  const values = createContextValues();
  setRequestInfo(values, arrival.info);
  arrival.info.decoded = true;
  running.stage = 'running';
  rpc.serve(request, { values, signal: aborter.signal }).then(
    (message) =>
      answerWith(running, () =>
        messageAnswer(
          answerHeadOf(running),
          head.format,
          acceptEncodingOf(running),
          rpc.messages.write(head.format, message),
        ),
      ),
    (error: unknown) =>
      answerWith(running, () =>
        failureAnswer(
          answerHeadOf(running),
          head.format,
          acceptEncodingOf(running),
          refuse(error, arrival.info, parts.log),
        ),
      ),
  );
}

/** The request message, when it is one that keeps the contract's rules. */
function readRequest({ rpc, head }: Running, body: Uint8Array): Message | null {
  const message = rpc.messages.read(head.format, body);
  if (message === null) return null;
  try {
    validateMessage(rpc.method.input, message);
    return message;
  } catch {
    return null;
  }
}

/** For a body that has taken its time. */
async function onLateBody(running: Running, body: Uint8Array): Promise<void> {
  const { parts, rpc, arrival } = running;
  const request = readRequest(running, body);
  if (request === null) return handOver(running);
  try {
    await checkAgain(parts.context, rpc.method, arrival.info);
  } catch {
    return handOver(running);
  }
  if (running.stage === 'open') run(running, request);
}

async function begin(running: Running): Promise<void> {
  const { parts, rpc, arrival, head, exchange } = running;
  try {
    await admit(parts.context, rpc.method, arrival.info, head.token);
  } catch {
    return handOver(running);
  }
  if (running.stage !== 'open') return;
  const bytesMax = parts.limits.maxRequestBytes + ENVELOPE_HEAD_BYTES;
  const body = exchange.bodyAtHand(bytesMax);
  const request = body === null ? null : readRequest(running, body);
  if (request !== null) run(running, request);
  else if (body !== null) handOver(running);
  else
    exchange.readBody(bytesMax, {
      onEnd: (late) => void onLateBody(running, late),
      onTooLong: () => handOver(running),
    });
}

/** Serves one call. Gives what is to be called when its exchange has closed; false when it was handed over. */
export function serveShortly(parts: CallParts, call: ShortCall): () => boolean {
  const timer: NodeJS.Timeout = setTimeout(() => onTime(running), call.head.timeoutMs);
  const running: Running = {
    rpc: call.rpc,
    head: call.head,
    headers: call.headers,
    exchange: call.exchange,
    arrival: call.arrival,
    handOver: call.handOver,
    parts,
    aborter: new AbortController(),
    stage: 'open',
    timer,
    isPutOff: false,
  };
  void begin(running);
  return () => onClose(running);
}
