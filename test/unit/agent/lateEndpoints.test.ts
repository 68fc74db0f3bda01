/** Goal: an answer of the resolver that comes after a binding moves nothing until the binding is gone. */
import { expect, test } from 'bun:test';
import { LateEndpoints } from '../../../agent/lateEndpoints.ts';
import { Uplinks } from '../../../agent/uplinks.ts';

const AT = '192.0.2.1:1';

function rig() {
  const links = [{ name: 'eth0', kind: 'ethernet' as const }];
  const uplinks = new Uplinks({ links, endpoints: [AT, null], mark: 0, offload: 'auto' });
  return { uplinks, late: new LateEndpoints(uplinks) };
}

test('◆ while the session carries its endpoints stay, afterwards the newest count', () => {
  for (const state of ['ATTACHED', 'VOLATILE', 'DEGRADED'] as const) {
    const { uplinks, late } = rig();
    const path = uplinks.path(1);
    expect(late.keep(['192.0.2.8:1', null], state)).toBe(false);
    expect(late.keep(['192.0.2.9:1', '[2001:db8::1]:1'], state)).toBe(false);
    expect(late.settle(state)).toBe(false);
    expect([uplinks.path(1), uplinks.path(2)]).toEqual([path, null]);
    expect(late.settle('RECOVERING')).toBe(true);
    expect(uplinks.path(1)?.endpoint).toBe('192.0.2.9:1');
    expect(uplinks.path(2)?.endpoint).toBe('[2001:db8::1]:1');
    expect(late.settle('RECOVERING')).toBe(false);
  }
});

test('while it does not carry they count at once', () => {
  const { uplinks, late } = rig();
  expect(late.keep([AT, '192.0.2.9:1'], 'RECOVERING')).toBe(true);
  expect(uplinks.path(2)?.endpoint).toBe('192.0.2.9:1');
});
