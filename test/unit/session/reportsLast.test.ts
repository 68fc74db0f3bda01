import { expect, test } from 'bun:test';
import { reportsLast } from '../../../session/reportsLast.ts';

const orderOf = (kinds: string) =>
  reportsLast(kinds.split(' ').map((word) => ({ kind: word.replace(/\d/, ''), word })))
    .map(({ word }) => word)
    .join(' ');

test('a claim leaves before it is told that a link was lost', () => {
  expect(orderOf('report1 report2 route accept send report3 tellReceived')).toBe(
    'route accept send tellReceived report1 report2 report3',
  );
});

test('reports stay in front of what is made durable or handed to another thread', () => {
  for (const posted of ['persist', 'swap', 'assign', 'mtu', 'rebind', 'dropChannel', 'askOwner']) {
    expect(orderOf(`report1 send1 ${posted} report2 send2`)).toBe(
      `send1 report1 ${posted} send2 report2`,
    );
  }
});

test('effects without a report are given back as they are', () => {
  const effects = [{ kind: 'send' }, { kind: 'persist' }];
  expect(reportsLast(effects)).toBe(effects);
});
