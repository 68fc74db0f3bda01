/**
 * Goal: what was acknowledged as durable is there after a kill -9, and nothing else is relied on.
 */
import { expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FLASH_SLOT_BYTES, Memory } from '../../../agent/memory.ts';
import { openFlash } from '../../../hal/linux/flash.ts';
import type { Durable } from '../../../session/device/event.ts';

const privateKey = new Uint8Array(32).fill(7);
const secret = new Uint8Array(32).fill(42);
const durable: Durable = {
  versionCeiling: 1_024,
  sessionId: '00112233445566778899aabbccddeeff',
  secret,
  terminated: null,
  inner4: '10.77.0.2/32',
  inner6: null,
};

function inFolder(run: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'jvpn-memory-'));
  try {
    run(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function open(folder: string, key = privateKey): Memory {
  const flash = openFlash(join(folder, 'state'), FLASH_SLOT_BYTES);
  if (!flash.ok) throw new Error(flash.detail);
  return new Memory(flash.value, key);
}

test('a first boot remembers nothing and says so', () =>
  inFolder((folder) => {
    const memory = open(folder);
    expect([memory.recovery, memory.remembered]).toEqual(['blank', null]);
  }));

test('a new process finds session, secret and ceiling of the one before', () =>
  inFolder((folder) => {
    expect(open(folder).save(durable)).toBe(true);
    const { versionCeiling, sessionId, terminated } = durable;
    expect(open(folder).remembered).toEqual({ versionCeiling, sessionId, secret, terminated });
  }));

test('the secret lies sealed on flash, and only this device opens it', () =>
  inFolder((folder) => {
    open(folder).save(durable);
    for (const slot of ['slot0', 'slot1']) {
      const file = join(folder, 'state', slot);
      expect(readFileSync(file).includes(Buffer.from(secret))).toBe(false);
      expect(statSync(file).mode & 0o777).toBe(0o600);
    }
    expect(open(folder, new Uint8Array(32).fill(8)).remembered?.secret).toBeNull();
  }));

test('reserved timestamps only grow, over restarts and with the clock in 1970', () =>
  inFolder((folder) => {
    const first = open(folder).reserveTimestamps(1_700_000_000_000);
    const second = open(folder).reserveTimestamps(0);
    expect(first).not.toBeNull();
    expect(second?.fromMs).toBeGreaterThan(first?.untilMs ?? Number.POSITIVE_INFINITY);
    expect(second?.untilMs).toBeGreaterThan(second?.fromMs ?? Number.POSITIVE_INFINITY);
  }));

test('a daemon that restarts for ever does not run away from the clock', () =>
  inFolder((folder) => {
    const memory = open(folder);
    const first = memory.reserveTimestamps(1_700_000_000_000, true);
    const second = memory.reserveTimestamps(1_700_000_000_000, true);
    expect((second?.untilMs ?? 0) - (first?.untilMs ?? 0)).toBeLessThanOrEqual(601_000);
  }));

test('the policy in force is remembered', () =>
  inFolder((folder) => {
    expect(open(folder).policyVersion).toBe(0);
    expect(open(folder).applyPolicy(7)).toBe(true);
    expect(open(folder).policyVersion).toBe(7);
  }));

test('a session that ended is remembered with its reason', () =>
  inFolder((folder) => {
    open(folder).save({ ...durable, terminated: 'session_ttl_expired' });
    expect(open(folder).remembered?.terminated).toBe('session_ttl_expired');
  }));

test('a session that a broken invariant ended stays ended, with its own secret to prove it', () =>
  inFolder((folder) => {
    const memory = open(folder);
    memory.save(durable);
    // The session may have used every version up to the ceiling; its end takes one of its own.
    const endVersion = memory.endSession('invariant_violated');
    expect(endVersion).toBe(durable.versionCeiling + 1);
    const { terminated, secret: kept, versionCeiling } = open(folder).remembered ?? {};
    expect([terminated, kept, versionCeiling]).toEqual(['invariant_violated', secret, endVersion]);
  }));

test('two rotten slots are reported, and nothing of them is believed', () =>
  inFolder((folder) => {
    open(folder).save(durable);
    for (const slot of ['slot0', 'slot1'])
      writeFileSync(join(folder, 'state', slot), Buffer.alloc(FLASH_SLOT_BYTES, 0x55));
    const memory = open(folder);
    expect([memory.recovery, memory.remembered]).toEqual(['bothSlotsLost', null]);
  }));
