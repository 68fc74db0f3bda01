import { expect, test } from 'bun:test';
import { linkNotices } from '../../../agent/status.ts';
import { Uplinks } from '../../../agent/uplinks.ts';
import type { LinkSnapshot } from '../../../hal/links.ts';

const snapshot = (name: string, index: number): LinkSnapshot => ({
  ...{ name, index, adminUp: true, carrier: true, mtu: 1_500 },
  ...{
    addresses: ['192.0.2.7'],
    networks: ['192.0.2.0/24'],
    hasRoute: true,
    hasRoute4: true,
    hasRoute6: false,
  },
});

test('a link whose socket the system refuses has no carrier for us, and status says why until it is gone', () => {
  const links = [{ name: 'nosuch0', kind: 'ethernet' as const }];
  const uplinks = new Uplinks({ links, endpoints: ['198.51.100.1:51820'], mark: 0 });
  expect(linkNotices(uplinks.all)).toEqual([]);

  const [view] = uplinks.refresh([snapshot('nosuch0', 90_000)]);
  expect(view).toMatchObject({ name: 'nosuch0', hasCarrier: false });
  expect(linkNotices(uplinks.all)).toEqual([
    {
      link: 'nosuch0',
      code: 'deviceMissing',
      detail: 'SO_BINDTODEVICE nosuch0: ENODEV',
      sentence: expect.any(String),
      hint: expect.stringContaining('ip link'),
    },
  ]);

  uplinks.refresh([]);
  expect(linkNotices(uplinks.all)).toEqual([]);
  uplinks.close();
});
