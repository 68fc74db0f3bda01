import { expect, test } from 'bun:test';
import { twinOf } from '../../../agent/twin.ts';
import { DEVICE, startFor } from '../../lab/reporting.ts';

test('who a device is, its links, and what can be asked of it', () => {
  const { config } = startFor({ url: 'mqtt://127.0.0.1:1883' });
  const facts = {
    ...{ config, device: DEVICE, name: 'gw-7', boot: '00112233aabbccdd', tsMs: 5.4 },
    ...{ version: '1.2.3', commit: 'abc', platform: 'linux-x64', hasStore: true },
  };
  const twin = twinOf(facts);
  expect(twin).toEqual({
    ...{ v: 1, boot: '00112233aabbccdd', ts_ms: 5, device: DEVICE, name: 'gw-7' },
    ...{ version: '1.2.3', commit: 'abc', platform: 'linux-x64', mode: 'session' },
    links: [
      { link: 'eth0', kind: 'ethernet' },
      { link: 'wwan0', kind: 'lte' },
    ],
    capabilities: {
      ...{ documents: false, groups: [], rebirth: true },
      ...{ event_store_bytes: 1_048_576, format: 'cbor' },
    },
  });
  expect(twinOf({ ...facts, hasStore: false }).capabilities.event_store_bytes).toBe(0);
  // Nothing of how the broker lets it in.
  expect(JSON.stringify(twin)).not.toContain('1883');
});
