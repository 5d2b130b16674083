import { type Alert, budgetAlertKinds } from '../../model/alert.ts';
import { type AttemptEnd, endedDelivery, healthAfter, wants } from '../../model/webhook.ts';
import type { AlertStore, ClaimedDelivery } from '../port.ts';
import { createAlertRows } from './alerts.ts';
import type { Core } from './core.ts';
import { createDeliveryRows } from './deliveries.ts';
import { unpackState } from './hot-state.ts';
import { prepare } from './statement.ts';
import { createWebhookStore } from './webhook-store.ts';
import { createWebhookRows } from './webhooks.ts';

type Parts = ReturnType<typeof createParts>;

function createParts({ db }: Core) {
  return {
    webhooks: createWebhookRows(db),
    alerts: createAlertRows(db),
    deliveries: createDeliveryRows(db),
  };
}

type Raising = Pick<
  AlertStore,
  'raiseAlert' | 'closeAlert' | 'listAlerts' | 'deleteExpiredAlerts' | 'countDeliveries'
>;

function createRaising({ transactions, now, options }: Core, parts: Parts): Raising {
  const { webhooks, alerts, deliveries } = parts;
  return {
    // Draws have their turn between two of them, however many are found at once.
    raiseAlert: (id, finding) =>
      transactions.writeTogether(() => {
        const at = now();
        const alert: Alert = { ...finding, id, state: 'open', openAt: at, closeAt: null };
        if (!alerts.insert(alert)) return false;
        const times = { attempts: 0, nextAt: at, createdAt: at, endAt: null, problem: '' };
        for (const webhook of webhooks.all()) {
          if (!wants(webhook, finding.kind)) continue;
          const names = { id: options.newId(), webhookId: webhook.id, alertId: id };
          deliveries.insert({ ...names, ...times, state: 'pending' });
        }
        return true;
      }),
    closeAlert: (id, isRepeatable) =>
      transactions.writeTogether(() => {
        const alert = alerts.read(id);
        if (alert === null) return false;
        const { occurrence } = alert;
        return alerts.close(id, isRepeatable ? `${occurrence}|${id}` : occurrence, now());
      }),
    listAlerts: async (filter, page) =>
      transactions.read(() => {
        const { items, next } = alerts.list(filter, page);
        return {
          items: items.map((alert) => ({ ...alert, deliveries: deliveries.ofAlert(alert.id) })),
          next,
        };
      }),
    deleteExpiredAlerts: async (before, limit) =>
      transactions.write(() => {
        const ids = alerts.closedBefore(before, limit);
        for (const id of ids) {
          deliveries.removeOfAlert(id);
          alerts.remove(id);
        }
        return ids.length + deliveries.removeEnded(before, limit);
      }),
    countDeliveries: async (webhookIds, cap) =>
      transactions.read(() => new Map(webhookIds.map((id) => [id, deliveries.count(id, cap)]))),
  };
}

type Delivering = Pick<AlertStore, 'claimDeliveries' | 'endAttempt'>;

function createDelivering({ transactions, now }: Core, parts: Parts): Delivering {
  const { webhooks, alerts, deliveries } = parts;
  return {
    claimDeliveries: async (limit, leaseMs, except) =>
      transactions.write(() =>
        deliveries.due(now(), limit, except).flatMap((due): ClaimedDelivery[] => {
          const alert = alerts.read(due.alertId);
          const webhook = webhooks.read(due.webhookId);
          if (alert === null || webhook === null) return [];
          const nextAt = now() + leaseMs;
          deliveries.claim(due.id, nextAt);
          return [{ delivery: { ...due, attempts: due.attempts + 1, nextAt }, alert, webhook }];
        }),
      ),
    endAttempt: async (id: string, attempts: number, end: AttemptEnd) =>
      transactions.write(() => {
        const ended = deliveries.end(id, attempts, endedDelivery(end, now()));
        if (ended === null) return false;
        const webhook = webhooks.read(ended.webhookId);
        if (webhook !== null) webhooks.setHealth(webhook.id, healthAfter(webhook.health, end, now()));
        return true;
      }),
  };
}

type Leases = Pick<AlertStore, 'holdLease' | 'noteWatcher' | 'lostWatchers' | 'forgetWatchers'>;

function createLeases({ db, transactions, now }: Core): Leases {
  const hold = prepare(
    db,
    `INSERT INTO leases VALUES (?1, ?2, ?3) ON CONFLICT (name) DO UPDATE SET holder = ?2, until = ?3
     WHERE holder = ?2 OR until <= ?4`,
  );
  const note = prepare(db, 'INSERT OR REPLACE INTO watchers VALUES (?, ?)');
  const all = prepare<{ id: string; seen_at: number }>(db, 'SELECT * FROM watchers LIMIT 1000');
  const forget = prepare(db, 'DELETE FROM watchers WHERE id = ? AND seen_at < ?');
  // The file has one owner: whoever else said so is gone.
  const noted = new Set<string>();
  return {
    holdLease: async (name, holder, forMs) =>
      transactions.write(() => hold.run(name, holder, now() + forMs, now()) > 0),
    noteWatcher: async (id) => {
      noted.add(id);
      transactions.write(() => note.run(id, now()));
    },
    lostWatchers: async (before) =>
      transactions.read(() =>
        all.all().flatMap(({ id, seen_at }) => (seen_at < before || !noted.has(id) ? [id] : [])),
      ),
    forgetWatchers: async (ids, before) => {
      transactions.write(() => {
        for (const id of ids) forget.run(id, noted.has(id) ? before : Number.MAX_SAFE_INTEGER);
      });
    },
  };
}

type Looking = Pick<AlertStore, 'listQuarantined' | 'takeSpentKeys' | 'findSpentKeys'>;

function createLooking({ db, transactions, budgetWatch }: Core): Looking {
  type Row = {
    readonly id: string;
    readonly tierId: string;
    readonly name: string;
    readonly stateReason: string;
    readonly hot: string;
  };
  const rows = (condition: string) =>
    prepare<Row>(
      db,
      `SELECT k.id, t.text AS tierId, k.name, k.state_reason AS stateReason, s.hot
       FROM keys k CROSS JOIN names t ON t.no = k.tier CROSS JOIN key_states s ON s.no = k.no
       WHERE ${condition} ORDER BY k.id LIMIT ?`,
    );
  const quarantined = rows(`k.state = 'quarantined' AND k.id > ?`);
  const all = rows('k.id > ?');
  const idOf = prepare<{ id: string }>(db, 'SELECT id FROM keys WHERE no = ?');
  return {
    listQuarantined: async (after, limit) =>
      transactions.read(() =>
        quarantined.all(after, limit).map(({ hot, ...key }) => {
          return { ...key, quarantinedAt: unpackState(hot).health.quarantinedAt };
        }),
      ),
    takeSpentKeys: () => transactions.read(() => budgetWatch.take().flatMap((no) => idOf.get(no)?.id ?? [])),
    findSpentKeys: async (after, limit) =>
      transactions.read(() => {
        const looked = all.all(after, limit);
        const keys = looked.flatMap(({ id, tierId, name, hot }) => {
          const { budgets } = unpackState(hot);
          const isSpent = budgets.some((budget) => budgetAlertKinds(budget).length > 0);
          return isSpent ? [{ id, tierId, name, budgets }] : [];
        });
        return { keys, next: looked.length < limit ? null : (looked.at(-1)?.id ?? null) };
      }),
  };
}

export function createAlertStore(core: Core): AlertStore {
  const parts = createParts(core);
  // The file has one owner: claims and leases that stand in it are of one that is gone.
  core.transactions.write(() => {
    parts.deliveries.releaseAll();
    prepare(core.db, 'DELETE FROM leases').run();
  });
  return {
    ...createWebhookStore(core, parts),
    ...createRaising(core, parts),
    ...createDelivering(core, parts),
    ...createLeases(core),
    ...createLooking(core),
  };
}
