import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { durationFromMs } from '@bufbuild/protobuf/wkt';
import { Code, ConnectError } from '@connectrpc/connect';
import { LimitAlgorithm, TierSchema } from '../../gen/keypool/v1/tier_pb.ts';
import { type InMemory, inMemory } from './in-memory.ts';

const minute = durationFromMs(60_000);

describe('the RPCs of tiers', () => {
  let service: InMemory;
  before(async () => {
    service = await inMemory();
  });
  after(() => service[Symbol.asyncDispose]());

  it('create one and read it as it was created', async () => {
    const { admin } = service.clients();
    const limits = [
      { limit: 5, window: minute, guard: durationFromMs(500) },
      { limit: 1_000_000_000, window: minute, algorithm: LimitAlgorithm.FIXED_WINDOW },
    ];
    const features = [{ name: 'scrape', limits }, { name: 'map' }];
    const { tier } = await admin.createTier({ tier: { id: 'read', description: 'd', features } });
    assert.equal((await admin.getTier({ id: 'read' })).tier?.etag, tier?.etag);
    assert.equal(tier?.features[0]?.limits[0]?.algorithm, LimitAlgorithm.SLIDING_WINDOW);
    const told = create(TierSchema, { features });
    assert.deepEqual(tier?.features[0]?.limits[1], told.features[0]?.limits[1]);
    assert.deepEqual(tier?.features[0]?.limits[0]?.guard, told.features[0]?.limits[0]?.guard);
    assert.equal(tier?.features[0]?.limits[1]?.guard, undefined);
    assert.ok(tier?.createTime !== undefined && tier.updateTime !== undefined);
  });

  it('update the fields of the mask and no other, under the etag', async () => {
    const { admin } = service.clients();
    const created = await admin.createTier({
      tier: { id: 'edit', description: 'old', features: [{ name: 'f' }] },
    });
    const changed = {
      id: 'edit',
      description: 'new',
      features: [{ name: 'g' }],
      etag: created.tier?.etag ?? '',
    };
    const { tier } = await admin.updateTier({ tier: changed, updateMask: { paths: ['description'] } });
    assert.equal(tier?.description, 'new');
    assert.deepEqual(
      tier?.features.map(({ name }) => name),
      ['f'],
    );
    await assert.rejects(
      admin.updateTier({ tier: changed, updateMask: { paths: ['features'] } }),
      (error) => error instanceof ConnectError && error.code === Code.Aborted,
    );
    await assert.rejects(
      admin.updateTier({ tier: { ...changed, etag: '' }, updateMask: { paths: ['create_time'] } }),
      (error) => error instanceof ConnectError && error.code === Code.InvalidArgument,
    );
  });

  it('list them page by page, each once, and delete them', async () => {
    const { admin } = service.clients();
    const ids = ['list-a', 'list-b', 'list-c', 'list-d', 'list-e'];
    for (const id of ids) await admin.createTier({ tier: { id, features: [{ name: 'f' }] } });
    const seen: string[] = [];
    let pageToken = '';
    do {
      const page = await admin.listTiers({ pageSize: 2, pageToken });
      assert.ok(page.tiers.length <= 2);
      seen.push(...page.tiers.map(({ id }) => id));
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
    assert.deepEqual(
      seen.filter((id) => id.startsWith('list-')),
      ids,
    );
    assert.equal(new Set(seen).size, seen.length);
    for (const id of ids) await admin.deleteTier({ id });
    await assert.rejects(
      admin.getTier({ id: 'list-a' }),
      (error) => error instanceof ConnectError && error.code === Code.NotFound,
    );
  });
});
