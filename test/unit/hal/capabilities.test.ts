import { expect, test } from 'bun:test';
import { explain, HAL_CODES } from '../../../hal/capabilities.ts';
import { halFail } from '../../../hal/result.ts';

test('every code says what is wrong and what to do', () => {
  for (const [code, { sentence, hint }] of Object.entries(HAL_CODES)) {
    expect([code, /^[A-ZT/].*\.$/s.test(sentence), hint.length > 10]).toEqual([code, true, true]);
  }
});

test('a missing capability is explained with the command that grants it', () => {
  const line = explain(halFail('netAdminMissing', 'TUNSETIFF jv0: EPERM'));
  expect(line).toContain('CAP_NET_ADMIN');
  expect(line).toContain('setcap cap_net_admin+ep');
  expect(line).toEndWith('(netAdminMissing: TUNSETIFF jv0: EPERM)');
  expect(explain(halFail('tunDeviceMissing', 'x'))).toContain('modprobe tun');
});
