import type { UpdateFilter } from 'mongodb';
import type { TakeRequest } from '../../model/take.ts';
import { needsMoreThanMeters } from '../../model/tier-policy.ts';
import { type DirectMoment, type DirectTakes, directFilter, directUpdate } from './direct-take.ts';
import { EARLIER } from './earlier-takes.ts';
import { literal } from './expressions.ts';
import type { KeyDocument } from './key-document.ts';
import { fitsRoom, type ReadRow, type Room, roomOf, roomyFilter, roomyPipeline } from './roomy-take.ts';
import type { RowShape } from './take-decision.ts';
import { STORE_NOW, takeFilter, takePipeline, type UpdatePipeline } from './take-pipeline.ts';

/** A take that is one update: for a row as it was read, or for any. */
export type UpdateForm =
  /** `moment`: of a direct take; null where a pipeline is to tell it. */
  | { readonly kind: 'roomy'; readonly room: Room; readonly moment: DirectMoment | null }
  | { readonly kind: 'shaped'; readonly shape: RowShape };

/** How a take is put. `decided`: the model works it out, from the row as it is read for it. */
export type TakeForm = UpdateForm | { readonly kind: 'decided' };

/** Holds whatever a row is of which the pipelines know all. */
export const GENERAL_FORM: UpdateForm = { kind: 'shaped', shape: 'any' };

const DECIDED: TakeForm = { kind: 'decided' };

/** The shortest form that a row allows. `row`: as it was read, if it was; `now`: the store's moment as known here (ms). */
export function takeForm(
  row: ReadRow | undefined,
  request: TakeRequest,
  now: number,
  directs: Pick<DirectTakes, 'momentOf'>,
): TakeForm {
  if (row?.smart === true || needsMoreThanMeters(request.policy)) return DECIDED;
  if (row === undefined) return GENERAL_FORM;
  const room = roomOf(row, request, now);
  if (room !== null && fitsRoom(room, request))
    return { kind: 'roomy', room, moment: directs.momentOf(room, request.limits) };
  if (row.expireAt !== null) return GENERAL_FORM;
  const plain = row.budgets.length === 0 && row.open.length === 0;
  return { kind: 'shaped', shape: plain ? 'plain' : 'budgeted' };
}

/** The conditions on a row for which {@link formUpdate} holds. */
export function formFilter(form: UpdateForm, request: TakeRequest): object {
  return { smart: { $exists: false }, ...asRead(form, request) };
}

function asRead(form: UpdateForm, request: TakeRequest): object {
  if (form.kind === 'shaped') return takeFilter(request, form.shape);
  const { room, moment } = form;
  return moment === null ? roomyFilter(room, request) : directFilter(room, request, moment);
}

/** `by`: the process that takes, noted in the row. `shared`: others draw from the queue too. */
export function formUpdate(
  form: UpdateForm,
  request: TakeRequest,
  note: { readonly by: string; readonly shared: boolean },
): UpdatePipeline | UpdateFilter<KeyDocument> {
  if (form.kind === 'roomy' && form.moment !== null)
    return directUpdate(form.room, request, form.moment, note);
  const pipeline =
    form.kind === 'roomy'
      ? roomyPipeline(form.room, request, STORE_NOW)
      : takePipeline(request, form.shape, STORE_NOW);
  const noted = { takenBy: literal(note.by), ...(note.shared ? { earlier: EARLIER } : {}) };
  return pipeline.with(-1, { $set: { ...pipeline.at(-1)?.$set, ...noted } });
}
