/**
 * What a device says of the documents that came to it. Pure.
 *
 * @module
 */
import type { Change } from '../change.ts';
import type { Device, Heard } from '../device.ts';
import { type Documents, isSameDocuments, verdictAfter } from '../documents.ts';

/** It has no number: what is as it was is the same one again. */
export function takeDocuments(
  device: Device,
  news: Documents,
  { atMs, isRetained }: Heard,
): { readonly outcome: 'taken' | 'duplicate'; readonly changes: readonly Change[] } {
  const before = device.documents;
  if (before !== null && isSameDocuments(before, news))
    return { outcome: 'duplicate', changes: [] };
  device.documents = news;
  device.verdict = verdictAfter(device.verdict, news);
  if (news.refused !== null) device.refusal = news.refused;
  // Of the first that is ever heard of a device nobody knows when it happened.
  if (before === null) return { outcome: 'taken', changes: [] };
  const outcomes = (['step', 'refused'] as const).flatMap((name) => {
    const outcome = news[name];
    const isNew = JSON.stringify(before[name]) !== JSON.stringify(outcome);
    return outcome !== null && isNew ? [outcome] : [];
  });
  if (outcomes.length > 0) device.lastChangeAtMs = atMs;
  const happened = { atMs: device.lastChangeAtMs, isLate: isRetained, count: 1 };
  const changes = outcomes.map(({ code: reason, version }) => {
    const to = version === null ? null : String(version);
    return { kind: 'document' as const, reason, from: null, to, ...happened };
  });
  return { outcome: 'taken', changes };
}
