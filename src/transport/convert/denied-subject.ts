import { create } from '@bufbuild/protobuf';
import {
  type DeniedSubject as DeniedSubjectMessage,
  DeniedSubjectSchema,
} from '../../../gen/keypool/v1/subject_messages_pb.ts';
import type { DeniedSubject } from '../../model/subject.ts';
import { timestampFrom } from './time.ts';

export function fromDeniedSubject({ subject, reason, deniedAt }: DeniedSubject): DeniedSubjectMessage {
  return create(DeniedSubjectSchema, { subject, reason, denyTime: timestampFrom(deniedAt) });
}
