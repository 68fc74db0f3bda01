import { expect, test } from 'bun:test';
import {
  addressOf,
  captionOf,
  FIRST_PAGE,
  outcomeFigure,
  pageAfter,
  pageBefore,
  queryOf,
  requestOf,
} from '../../../../fleet/pages/deviceQuery.ts';

test('what the address says is what the list shows, and back', () => {
  const narrowed = { search: 'gw 1&', state: 'DEGRADED', outcome: 'rolled_back' } as const;
  const query = { ...FIRST_PAGE, ...narrowed, sort: 'switches' } as const;
  expect(queryOf(addressOf(query))).toEqual(query);
  expect(addressOf(FIRST_PAGE)).toBe('');
});

test('what is not ours counts as left out', () => {
  expect(queryOf('?state=toString&sort=constructor&outcome=lost&page=7')).toEqual(FIRST_PAGE);
  expect(queryOf(`?search=${'x'.repeat(999)}`).search).toHaveLength(64);
});

test('the server is asked for a page at a time', () => {
  const second = pageAfter({ ...FIRST_PAGE, search: 'a' }, { name: 'gw-100', key: null });
  expect(requestOf(second)).toBe('/api/devices?search=a&sort=name&limit=100&after=gw-100');
  expect(requestOf(pageBefore(second))).toBe('/api/devices?search=a&sort=name&limit=100');
  expect(pageBefore(FIRST_PAGE)).toEqual(FIRST_PAGE);
  const bySwitches = pageAfter({ ...FIRST_PAGE, sort: 'switches' }, { name: 'gw-7', key: -31 });
  expect(requestOf(bySwitches)).toBe(
    '/api/devices?sort=switches&limit=100&after=gw-7&after_key=-31',
  );
});

test('the caption says where in the list a page is', () => {
  const third = pageAfter(pageAfter(FIRST_PAGE, { name: 'a', key: 0 }), { name: 'b', key: 0 });
  expect(captionOf(FIRST_PAGE, 100, 10_000)).toBe('Devices 1 to 100 of 10,000');
  expect(captionOf(third, 34, 234)).toBe('Devices 201 to 234 of 234');
  expect(captionOf(FIRST_PAGE, 1, 1)).toBe('1 device');
  expect(captionOf({ ...FIRST_PAGE, state: 'BIRTH' }, 7, 7)).toBe('7 devices in BIRTH');
  expect(captionOf({ ...FIRST_PAGE, search: 'x' }, 0, 0)).toBe('No device found.');
  const refused = { ...FIRST_PAGE, outcome: 'refused' } as const;
  expect(captionOf(refused, 4, 4)).toBe('4 devices that refused the policy');
  expect(captionOf(refused, 0, 0)).toBe('No device that refused the policy.');
  expect(captionOf({ ...refused, state: 'BIRTH' }, 1, 1)).toBe(
    '1 device in BIRTH that refused the policy',
  );
  expect(captionOf({ ...refused, search: 'x' }, 1, 1)).toBe('1 device found');
  expect(captionOf(FIRST_PAGE, 0, 0)).toBe('No device has reported yet.');
});

test('of a list that a rollout narrows the overview tells when it is another', () => {
  const counts = { confirmed: 3, on_trial: 1, rolled_back: 0, refused: 4, silent: 0, ahead: 0 };
  const rollout = { version: 8, devices: 8, ...counts };
  const refused = { ...FIRST_PAGE, outcome: 'refused' } as const;
  const figure = outcomeFigure(refused, rollout);
  expect(outcomeFigure(refused, { ...rollout, confirmed: 4, on_trial: 0 })).toBe(figure);
  expect(outcomeFigure(refused, { ...rollout, refused: 5 })).not.toBe(figure);
  expect(outcomeFigure(refused, { ...rollout, version: 9 })).not.toBe(figure);
  expect(outcomeFigure(refused, null)).toBeNull();
  expect(outcomeFigure(FIRST_PAGE, rollout)).toBeNull();
});
