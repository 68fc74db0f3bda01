/**
 * Goal: parts of the ◆ rules of docs/protocol.md that no other test of this folder fails without;
 * docs/rules-and-tests.md has the whole table.
 */
import { describe, expect, test } from 'bun:test';
import { attached } from './process.ts';

describe('a restarted hub', () => {
  test('◆ keeps the transport TTL that was running: it does not start anew', () => {
    const { rig } = attached({ recoveryWindowMs: 60_000, transportTtlMs: 60_000 });
    rig.run(5_000 + 40_000);
    rig.restart(500);
    rig.run(19_499);
    expect(rig.record?.terminated).toBeNull();
    rig.run(1);
    expect(rig.record?.terminated).toBe('transport_ttl_expired');
  });

  test('◆ keeps it over recoveries, too: what was summed up before still counts', () => {
    const { rig, device } = attached({ recoveryWindowMs: 60_000, transportTtlMs: 60_000 });
    rig.run(5_000 + 40_000);
    device.data(1);
    expect(rig.seat.state).toBe('ATTACHED');
    rig.restart(500);
    rig.run(19_000);
    expect(rig.record?.terminated).toBeNull();
    rig.run(1_000);
    expect(rig.record?.terminated).toBe('transport_ttl_expired');
  });
});

describe('each ATTACH', () => {
  test('◆ establishes another memory key: a REATTACH proves that one alone', () => {
    const { rig, device } = attached();
    const before = device.memoryKey;
    const next = device.copy('1').resume(1);
    expect(next.memoryKey).not.toEqual(before);
    expect(rig.record).toMatchObject({ memoryKey: next.memoryKey, predecessorMemoryKey: before });
    next.move(2);
    expect(rig.frame('reattached').renewed).toBeNull();
  });
});
