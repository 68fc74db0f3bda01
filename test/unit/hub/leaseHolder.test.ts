import { expect, test } from 'bun:test';
import { LeaseHolder } from '../../../hub/leaseHolder.ts';
import type { FromHub } from '../../../hub/messages.ts';
import { LEASE_TTL_MS } from '../../../session/ownership/validity.ts';

test('seats are told of the end at the time of the batch that comes after it, not later: frames of that batch follow', () => {
  let nowMs = 1_000;
  const told: (readonly [isValid: boolean, atMs: number])[] = [];
  const asked: Extract<FromHub, { kind: 'askLease' }>[] = [];
  const holder = new LeaseHolder({
    config: { instance: 'a process', ttlMs: LEASE_TTL_MS },
    nowMs: () => (nowMs += 0.001), // no two reads of a real clock are equal
    post: (message) => message.kind === 'askLease' && asked.push(message),
    tell: (isValid, atMs) => told.push([isValid, atMs]),
  });
  holder.onTime(2_000);
  nowMs = 2_001;
  const [request] = asked.map(({ request: one }) => one);
  if (request === undefined || request.kind === 'revoke') throw new Error('a lease is asked for');
  const { requestId } = request;
  holder.onAnswered({ kind: 'leaseAnswered', requestId, outcome: 'granted' });
  expect(told.map(([isValid]) => isValid)).toEqual([true]);
  nowMs = 60_000;
  holder.onTime(59_000);
  expect(told.slice(1)).toEqual([[false, 59_000]]);
});
