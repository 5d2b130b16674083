import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { openHandOut, type Taker } from './hand-out.ts';

type Given = { readonly taker: number; readonly id: number; readonly socket: Socket };

/** A port with takers that note what they are given, and a way to wait for it. */
async function open(t: TestContext, count: number) {
  const handOut = await openHandOut({ host: '127.0.0.1', port: 0 });
  t.after(handOut.close);
  const given: Given[] = [];
  let onGiven = (): void => {};
  const takers = Array.from({ length: count }, (_, taker): Taker => {
    const give = (id: number, socket: Socket): void => {
      given.push({ taker, id, socket });
      onGiven();
    };
    return { give };
  });
  const untilGiven = (total: number): Promise<Given> =>
    new Promise((resolve) => {
      onGiven = () => {
        const last = given[total - 1];
        if (last !== undefined) resolve(last);
      };
      onGiven();
    });
  const call = (): Socket => {
    const socket = connect(handOut.port, '127.0.0.1');
    t.after(() => socket.destroy());
    return socket;
  };
  return { handOut, takers, given, untilGiven, call };
}

describe('connections are handed out', () => {
  it('in turn, to each process one at a time', async (t) => {
    const { handOut, takers, given, untilGiven, call } = await open(t, 2);
    for (const taker of takers) handOut.add(taker);
    for (let calls = 1; calls <= 4; calls += 1) {
      call();
      const { taker, id } = await untilGiven(calls);
      handOut.taken(takers[taker] ?? { give: () => {} }, id);
    }
    assert.deepEqual(
      given.map(({ taker }) => taker),
      [0, 1, 0, 1],
    );
  });

  it('to the next one when a process dies before it has taken its own, and nothing of it was read', async (t) => {
    const { handOut, takers, untilGiven, call } = await open(t, 2);
    const [first, second] = takers;
    assert.ok(first !== undefined && second !== undefined);
    handOut.add(first);
    const caller = call();
    caller.write('hello');
    const { socket } = await untilGiven(1);
    handOut.add(second);
    handOut.remove(first);
    const again = await untilGiven(2);
    assert.deepEqual([again.taker, again.socket === socket, socket.bytesRead], [1, true, 0]);
    handOut.taken(second, again.id);
    await once(caller, 'close');
  });

  it('as soon as there is a process, to those that came before', async (t) => {
    const { handOut, takers, given, untilGiven, call } = await open(t, 1);
    const [taker] = takers;
    assert.ok(taker !== undefined);
    await once(call(), 'connect');
    assert.deepEqual(given, []);
    handOut.add(taker);
    await untilGiven(1);
  });
});
