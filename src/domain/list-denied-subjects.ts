import type { DeniedSubject } from '../model/subject.ts';
import type { Page } from '../store/port.ts';
import { requireAdmin } from './authorize.ts';
import type { Call, Context } from './context.ts';
import { type ListInput, PAGE_REFUSALS, pageRequestOf } from './page-request.ts';
import { stored } from './store-errors.ts';

/** In the order of their names. Errors: ADMIN_REQUIRED, INVALID_FIELD. */
export async function listDeniedSubjects(
  context: Context,
  call: Call,
  input: ListInput,
): Promise<Page<DeniedSubject>> {
  requireAdmin(call.identity, 'read');
  return stored(context.store.listDeniedSubjects(pageRequestOf(input)), PAGE_REFUSALS);
}
