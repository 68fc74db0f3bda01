/**
 * Devices that did not take a document, by name and with what they reported of it.
 *
 * @module
 */
import type { Sought, Told } from './outcome.ts';
import type { DeviceView } from './view.ts';

export interface Failure {
  readonly device: string;
  readonly outcome: 'refused' | 'rolled_back';
  /** Of docs/reasons.md. */
  readonly code: string;
  /** In words of the device; null where it gave none. */
  readonly why: string | null;
}

/** Devices that are named in one sentence (chosen). */
export const NAMED_MAX = 5;

/** In the order of `devices`. */
export function failuresOf(
  devices: readonly (readonly [string, DeviceView])[],
  sought: Sought,
): readonly Failure[] {
  return devices.flatMap(([device, view]): Failure[] => {
    const { outcome } = view;
    if (outcome.kind === 'rolledBack') {
      const told = toldOf(view, ['policy_rolled_back', 'document_replayed'], sought.version);
      const [code, why] = [told?.code ?? 'policy_rolled_back', told?.why ?? null];
      return [{ device, outcome: 'rolled_back', code, why }];
    }
    if (outcome.kind !== 'refused') return [];
    const { code } = outcome;
    // Where nobody could be asked for a version, none is told.
    const told = toldOf(view, [code], sought.version) ?? toldOf(view, [code], null);
    return [{ device, outcome: 'refused', code, why: told?.why ?? null }];
  });
}

/** The first few, as the end of a sentence: `gw-1 refused it (document_expired)`. */
export function failuresText(failures: readonly Failure[]): string {
  const named = failures.slice(0, NAMED_MAX).map(({ device, outcome, code, why }) => {
    const did = outcome === 'refused' ? 'refused it' : 'rolled it back';
    return `${device} ${did} (${code}${why === null ? '' : `: ${why}`})`;
  });
  const others = failures.length - named.length;
  return [...named, ...(others > 0 ? [`and ${others} more`] : [])].join(', ');
}

function toldOf(
  { reported }: DeviceView,
  codes: readonly string[],
  version: number | null,
): Told | null {
  const said = [reported?.lastStep ?? null, reported?.lastRefusal ?? null];
  const isIt = (told: Told | null) =>
    told !== null && codes.includes(told.code) && told.version === version;
  return said.find(isIt) ?? null;
}
