import { expect, test } from 'bun:test';
import { NonceWatch } from '../../../../session/invariants/nonceOnce.ts';

test('the same nonce under the same key seals the same bytes', () => {
  const watch = new NonceWatch();
  const data = { keyId: 'k', type: 'data', lane: 1, counter: 7, hash: 'x' } as const;
  expect(watch.sealed(data)).toBeNull();
  expect(watch.sealed(data)).toBeNull(); // a resend, a copy
  expect(watch.sealed({ ...data, hash: 'y' })).toContain('two different datagrams');
  expect(watch.sealed({ ...data, lane: 2, hash: 'y' })).toContain('I12'); // lanes share its counter
  expect(watch.sealed({ ...data, counter: 8, hash: 'y' })).toBeNull();
  expect(watch.sealed({ ...data, keyId: 'l', hash: 'y' })).toBeNull();
});

test('control has a key of its own, and its nonce names the lane', () => {
  const watch = new NonceWatch();
  const control = { keyId: 'k', type: 'control', lane: 1, counter: 7, hash: 'x' } as const;
  expect(watch.sealed({ ...control, type: 'data', hash: 'y' })).toBeNull();
  expect(watch.sealed(control)).toBeNull();
  expect(watch.sealed({ ...control, lane: 2, hash: 'y' })).toBeNull();
  expect(watch.sealed({ ...control, hash: 'y' })).toContain('control key k, lane 1 counter 7');
});
