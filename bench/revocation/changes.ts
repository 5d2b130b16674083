import { ConsumerState, durationFromMs, type KeypoolClient, KeyState } from '../../src/client/exports.ts';

type Admin = KeypoolClient['admin'];

/** A tier with one key and a consumer that draws from it: what one trial takes away. */
export interface Trial {
  readonly tierId: string;
  readonly keyId: string;
  readonly consumerId: string;
  readonly token: string;
  readonly feature: string;
}

const HOUR = durationFromMs(3_600_000);
const OTHER_FEATURE = 'other-feature';

/** Puts in what a trial needs; `name` is used once. */
export async function setUpTrial(admin: Admin, name: string): Promise<Trial> {
  const limits = [{ limit: 1_000_000_000, window: HOUR }];
  const features = [
    { name, limits },
    { name: OTHER_FEATURE, limits },
  ];
  await admin.createTier({ tier: { id: name, features } });
  const { key } = await admin.createKey({ key: { tierId: name, value: `upstream-value-of-${name}` } });
  const { consumer, token } = await admin.createConsumer({ consumer: { name } });
  const consumerId = consumer?.id ?? '';
  await admin.grantTier({ consumerId, tierId: name });
  return { tierId: name, keyId: key?.id ?? '', consumerId, token, feature: name };
}

/** A change after which no draw of the trial may be served any more. */
export interface Revocation {
  readonly name: string;
  readonly make: (admin: Admin, trial: Trial) => Promise<unknown>;
}

export const REVOCATIONS: readonly Revocation[] = [
  {
    name: 'consumer disabled',
    make: (admin, { consumerId }) =>
      admin.updateConsumer({
        consumer: { id: consumerId, state: ConsumerState.DISABLED },
        updateMask: { paths: ['state'] },
      }),
  },
  { name: 'consumer deleted', make: (admin, { consumerId }) => admin.deleteConsumer({ id: consumerId }) },
  {
    name: 'grant revoked',
    make: (admin, { consumerId, tierId }) => admin.revokeGrant({ consumerId, tierId }),
  },
  {
    name: 'key disabled',
    make: (admin, { keyId }) =>
      admin.updateKey({ key: { id: keyId, state: KeyState.DISABLED }, updateMask: { paths: ['state'] } }),
  },
  {
    name: 'feature removed',
    make: (admin, { tierId }) =>
      admin.updateTier({
        tier: { id: tierId, features: [{ name: OTHER_FEATURE }] },
        updateMask: { paths: ['features'] },
      }),
  },
  {
    name: 'limit lowered',
    make: (admin, { tierId, feature }) =>
      admin.updateTier({
        tier: { id: tierId, features: [{ name: feature, limits: [{ limit: 1, window: HOUR }] }] },
        updateMask: { paths: ['features'] },
      }),
  },
];
