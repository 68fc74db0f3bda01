/**
 * A device started on what a power cut left, and whether it keeps what it was promised.
 *
 * @module
 */
import { closeSync, existsSync, readdirSync, readlinkSync } from 'node:fs';
import { FLASH_SLOT_BYTES, Memory } from '../../../agent/memory.ts';
import { openFlash } from '../../../hal/linux/flash.ts';
import type { Recovery } from '../../../session/flash/store.ts';
import { PRIVATE_KEY, serialOf } from './flashState.ts';
import type { FlashMark } from './mark.ts';

/** Everything that was promised or used before the cut, and the newest save that was ever asked for. */
export interface FlashPromise {
  readonly saves: number;
  readonly ceiling: number;
  readonly serial: number;
  readonly session: number;
  readonly used: number;
  readonly untilMs: number;
  readonly policy: number;
  readonly began: number;
}

export const NO_FLASH_PROMISE: FlashPromise = {
  ...{ saves: 0, ceiling: 0, serial: 0, session: 0, used: 0, untilMs: 0, policy: 0, began: 0 },
};

export function promised(before: FlashPromise, mark: FlashMark): FlashPromise {
  switch (mark.kind) {
    case 'began':
      return { ...before, began: mark.serial };
    case 'saved':
      return {
        ...before,
        saves: before.saves + 1,
        ceiling: Math.max(before.ceiling, mark.ceiling),
        serial: mark.serial,
        session: mark.session,
      };
    case 'used':
      return { ...before, used: Math.max(before.used, mark.version) };
    case 'reserved':
      return { ...before, saves: before.saves + 1, untilMs: mark.untilMs };
    case 'policy':
      return { ...before, saves: before.saves + 1, policy: mark.version };
  }
}

export interface FlashFound {
  readonly recovery: Recovery;
  readonly ceiling: number;
  readonly serial: number;
  readonly session: number;
  readonly policy: number;
  /** The first handshake time that the device would use; null: it may use none. */
  readonly fromMs: number | null;
}

/** Start a device on `directory` as the agent does. Its descriptors are closed again: the copy is to be unmounted. */
export function recoverFlash(directory: string): FlashFound | string {
  const opened = openFlash(directory, FLASH_SLOT_BYTES);
  try {
    if (!opened.ok) return `flash cannot be opened: ${opened.detail}`;
    const memory = new Memory(opened.value, PRIVATE_KEY);
    const { recovery, remembered, policyVersion } = memory;
    return {
      recovery,
      ceiling: remembered?.versionCeiling ?? 0,
      serial: serialOf(remembered?.secret ?? null),
      session: Number.parseInt(remembered?.sessionId ?? '0', 16),
      policy: policyVersion,
      fromMs: memory.reserveTimestamps(0, true)?.fromMs ?? null,
    };
  } finally {
    closeBelow(directory);
  }
}

/** What of the promise was broken, in words; nothing if it was kept. */
export function brokenFlash(promise: FlashPromise, found: FlashFound): string[] {
  const broken: string[] = [];
  const atLeast = (name: string, value: number, bound: number) => {
    if (value < bound) broken.push(`${name} ${value}, promised ${bound}`);
  };
  if (promise.saves > 0 && (found.recovery === 'blank' || found.recovery === 'bothSlotsLost')) {
    broken.push(`${found.recovery} after ${promise.saves} acknowledged saves`);
  }
  atLeast('ceiling', found.ceiling, promise.ceiling);
  atLeast('next version', found.ceiling + 1, promise.used + 1);
  atLeast('secret of save', found.serial, promise.serial);
  atLeast('session', found.session, promise.session);
  atLeast('policy version', found.policy, promise.policy);
  if (found.fromMs === null) broken.push('no handshake time can be reserved');
  else atLeast('handshake time', found.fromMs, promise.untilMs + 1);
  if (found.serial > promise.began) broken.push(`save ${found.serial} was never asked for`);
  return broken;
}

function closeBelow(directory: string): void {
  for (const fd of readdirSync('/proc/self/fd')) {
    const link = `/proc/self/fd/${fd}`;
    if (existsSync(link) && readlinkSync(link).startsWith(`${directory}/`)) closeSync(Number(fd));
  }
}
