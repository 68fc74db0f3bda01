/**
 * What is wrong with what a device says, holds and leaves on its flash, as sentences.
 *
 * @module
 */
import { reopenDocument } from '../../../policies/signed/open.ts';
import { decodePushRecord, type PushRecord } from '../../../policies/signed/record.ts';
import { isRefused } from '../../../policies/signed/refusal.ts';
import type { Act } from './act.ts';
import type { Device } from './device.ts';
import type { World } from './world.ts';

export function unexpected(codes: readonly string[], expected: Act['expected']): readonly string[] {
  const left = [...codes];
  // What must be there before what may be.
  const missing = expected
    .toSorted((a, b) => a.length - b.length)
    .filter((one) => {
      const at = left.findIndex((code) => one.includes(code));
      if (at >= 0) left.splice(at, 1);
      return at < 0 && !one.includes('');
    });
  return [
    ...missing.map((one) => `does not say ${one.join(' or ')}`),
    ...left.map((code) => `says ${code}, for no reason`),
  ];
}

export function wrongEmergency(device: Device, may: readonly (number | null)[]): readonly string[] {
  const { emergency } = device.push.reported();
  if (may.includes(emergency)) return [];
  const words = (version: number | null) => (version === null ? 'none' : `${version}`);
  return [`emergency ${words(emergency)} holds, and should be ${may.map(words).join(' or ')}`];
}

/** What a start leaves: two whole slots with a policy that can be read; one that was never written: no save succeeded yet. */
export function unreadableOn({ flash }: World): string | null {
  const held = ([0, 1] as const).map((slot) => flash.readBack(slot));
  if (held.includes(null)) return null;
  for (const [slot, bytes = null] of held.entries()) {
    const record = bytes === null ? null : (decodePushRecord(bytes)?.record ?? null);
    if (bytes !== null && record === null) return `its start leaves slot ${slot} unreadable`;
    const document = record?.confirmed == null ? null : reopenDocument(record.confirmed);
    if (document !== null && isRefused(document)) return `slot ${slot}: ${document.refused}`;
  }
  return null;
}

/** What counts of what the flash has; null: nothing was ever saved. */
export function recordOn({ flash }: World): PushRecord | null {
  const read = ([0, 1] as const).flatMap((slot) => {
    const bytes = flash.readBack(slot);
    return (bytes === null ? null : decodePushRecord(bytes)) ?? [];
  });
  const [newest] = read.toSorted((one, other) => other.generation - one.generation);
  return newest?.record ?? null;
}

/** Version of the emergency that the flash has, whether it is over or not. */
export function emergencyOn(record: PushRecord | null): number | null {
  const document = record?.emergency == null ? null : reopenDocument(record.emergency);
  return document === null || isRefused(document) ? null : document.version;
}
