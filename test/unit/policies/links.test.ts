import { expect, test } from 'bun:test';
import { allowedLinkKinds, LINK_KINDS, linkRules } from '../../../policies/links.ts';
import { loadPolicy } from '../../../policies/load.ts';

function linksOf(links: unknown) {
  const loaded = loadPolicy({ links });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return loaded.policy.links;
}

test('every kind has rules without being written; lte is metered and comes late', () => {
  const links = linksOf({});
  const ranked = [...LINK_KINDS].sort(
    (a, b) => linkRules(links, 'x', a).preference - linkRules(links, 'x', b).preference,
  );
  expect(ranked).toEqual(['ethernet', 'usb', 'wifi', 'lte', 'other']);
  expect(linkRules(links, 'wwan0', 'lte')).toEqual({
    preference: 40,
    costClass: 'metered',
    dailyBytesMax: 0,
  });
});

test('a name wins over its kind, field by field', () => {
  const links = linksOf({ lte: { daily_bytes_max: 9 }, wwan0: { preference: 1 } });
  expect(linkRules(links, 'wwan0', 'lte')).toEqual({
    preference: 1,
    costClass: 'metered',
    dailyBytesMax: 9,
  });
  expect(linkRules(links, 'wwan1', 'lte').preference).toBe(40);
});

test('an interface called like something that objects inherit has the rules of its kind', () => {
  expect(linkRules(linksOf({}), 'constructor', 'wifi').preference).toBe(30);
});

test('a kind that is never to be used is not allowed as a binding', () => {
  expect(allowedLinkKinds(linksOf({ lte: { cost_class: 'never' } }))).toEqual([
    'ethernet',
    'usb',
    'wifi',
    'other',
  ]);
});
