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
  const uplinks = new Uplinks({
    links,
    endpoints: ['198.51.100.1:51820'],
    mark: 0,
    offload: 'auto',
  });
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

test('a view has the MTU of its link as the system says it now, 0 while there is none', () => {
  const links = [{ name: 'nosuch0', kind: 'ethernet' as const }];
  const uplinks = new Uplinks({
    links,
    endpoints: ['198.51.100.1:51820'],
    mark: 0,
    offload: 'auto',
  });
  const mtuOf = (snapshots: readonly LinkSnapshot[]) => uplinks.refresh(snapshots)[0]?.mtuBytes;
  expect(uplinks.all[0]?.view.mtuBytes).toBe(0);
  expect(mtuOf([snapshot('nosuch0', 90_000)])).toBe(1_500);
  expect(mtuOf([{ ...snapshot('nosuch0', 90_000), mtu: 1_400 }])).toBe(1_400);
  expect(mtuOf([])).toBe(0);
  uplinks.close();
});
