import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { createKey } from '../../src/domain/create-key.ts';
import { createTier } from '../../src/domain/create-tier.ts';
import { drawKey } from '../../src/domain/draw-key.ts';
import { getKey } from '../../src/domain/get-key.ts';
import { reportOutcome } from '../../src/domain/report-outcomes.ts';
import { updateKey } from '../../src/domain/update-key.ts';
import { newKey, newTier } from './examples.ts';
import { openDomain } from './open-domain.ts';

/** A key of which two draws are under way; `refuse` reports one that the upstream did not let in. */
async function openDrawn(t: TestContext) {
  const { context, root, clock } = await openDomain(t);
  await createTier(context, root, newTier({ features: [{ name: 'scrape', limits: [] }] }));
  const { id } = await createKey(context, root, { tierId: 'basic', key: newKey() });
  const draw = () =>
    drawKey(context, root, { feature: 'scrape', units: 1, tierId: null, requestId: null }).then(
      ({ drawId }) => drawId,
    );
  const refuse = (drawId: string) =>
    reportOutcome(context, root, {
      drawId,
      outcome: 'unauthorized',
      retryAfterMs: null,
      statusCode: 401,
      units: null,
      message: null,
    });
  const update = (changes: Parameters<typeof updateKey>[2]['changes']) => {
    clock.advance(10);
    return updateKey(context, root, { id, etag: null, changes });
  };
  const state = async () => (await getKey(context, root, { id })).state;
  return { first: await draw(), second: await draw(), draw, refuse, update, state, clock };
}

describe('a key whose draws are refused late', () => {
  it('stays as an admin let it back, until a draw is refused that was made since', async (t) => {
    const { first, second, draw, refuse, update, state, clock } = await openDrawn(t);
    await refuse(first);
    assert.equal(await state(), 'quarantined');
    await update({ state: 'active' });
    await refuse(second);
    assert.equal(await state(), 'active');
    clock.advance(10);
    await refuse(await draw());
    assert.equal(await state(), 'quarantined');
  });

  it('is not quarantined for a value that it has no more', async (t) => {
    const { first, second, draw, refuse, update, state, clock } = await openDrawn(t);
    await update({ value: 'rotated-value' });
    await refuse(first);
    assert.equal(await state(), 'active');
    await update({ name: 'another name' });
    clock.advance(10);
    await refuse(await draw());
    assert.equal(await state(), 'quarantined');
    await refuse(second);
  });
});
