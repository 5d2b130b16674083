import type { MessageInitShape } from '@bufbuild/protobuf';
import type { QuotaGroupSchema } from '../../../gen/keypool/v1/quota_group_pb.ts';
import type { QuotaGroupView } from '../../domain/quota-group-view.ts';
import { fromBudget } from './budget.ts';
import { fromLimit } from './tier.ts';
import { optionalTimestamp, timestampFrom } from './time.ts';

export function fromQuotaGroup(group: QuotaGroupView): MessageInitShape<typeof QuotaGroupSchema> {
  return {
    id: group.id,
    description: group.description,
    limits: group.limits.map(fromLimit),
    budgets: group.budgets.map(fromBudget),
    availableTime: optionalTimestamp(group.availableAt),
    createTime: timestampFrom(group.createdAt),
    updateTime: timestampFrom(group.updatedAt),
    etag: group.etag,
  };
}
