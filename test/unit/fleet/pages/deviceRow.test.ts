import { expect, test } from 'bun:test';
import { cellsOf, LIST_COLUMNS, stateNow } from '../../../../fleet/pages/deviceRow.ts';
import { changeText, isMarkKind, kindText, reasonText } from '../../../../fleet/pages/marks.ts';
import { rowAt } from '../../../browser/recorded.ts';

const UNKNOWN_ROW = {
  name: 'gw',
  device_key: null,
  state: null,
  state_version: null,
  online: null,
  why: null,
  binding: null,
  link_kind: null,
  last_seen_ms: null,
  version: null,
  policy: null,
  switches_last_minute: null,
  switches_total: null,
  recovery_p95_ms: null,
  terminated: null,
};

test('a device of which nothing is known but its name', () => {
  const cells = cellsOf(UNKNOWN_ROW, 1e12);
  expect(LIST_COLUMNS.map(({ id }) => cells[id])).toEqual('gw|–|–|none|–|–|–|–|–|–'.split('|'));
});

test('a device that ended says why; one that is away says how it went', () => {
  const row = { ...rowAt(0, 1e12), state: 'TERMINATED', terminated: 'shutdown' };
  expect(cellsOf(row, 1e12).state).toBe('TERMINATED (shutdown)');
  expect(cellsOf({ ...row, online: false, why: 'lost' }, 1e12).presence).toBe('lost');
  expect(cellsOf({ ...row, switches_total: 1_200, switches_last_minute: 2 }, 1e12).switches).toBe(
    '1,200, 2 in the last minute',
  );
});

test('of a device that is away state and binding are the last that were heard, and it is in none', () => {
  const there = { ...rowAt(0, 1e12), terminated: null };
  const away = { ...there, online: false, why: 'lost', away: true };
  expect(cellsOf(there, 1e12)).toMatchObject({ state: 'ATTACHED' });
  expect(stateNow(there)).toBe('ATTACHED');
  expect(cellsOf(away, 1e12)).toMatchObject({
    ...{ state: 'was ATTACHED', binding: 'was wwan0→198.51.100.7:51820 (lte)' },
  });
  expect(stateNow(away)).toBeNull();
  const ended = { ...away, state: 'TERMINATED', terminated: 'shutdown', binding: null };
  expect(cellsOf(ended, 1e12)).toMatchObject({ state: 'was TERMINATED (shutdown)', binding: '–' });
});

test('when a report that the broker had kept was made only the device’s clock says', () => {
  const row = { ...rowAt(0, 1e12), last_seen_ms: 1e12 - 3 * 3_600_000 };
  expect(cellsOf(row, 1e12).seen).toBe('3\u00a0h ago');
  expect(cellsOf({ ...row, retained: true }, 1e12).seen).toBe('3\u00a0h ago by its clock');
  expect(cellsOf({ ...row, retained: true, last_seen_ms: null }, 1e12).seen).toBe('–');
});

test('a device that takes documents says what became of the newest policy that it spoke of', () => {
  const row = rowAt(1, 1e12);
  const said = (verdict: { version: number; word: string } | null) =>
    cellsOf({ ...row, documents: { ...row.documents!, verdict } }, 1e12).document;
  expect(said({ version: 8, word: 'on_trial' })).toBe('8 on trial');
  expect(said(null)).toBe('none yet');
  expect(cellsOf({ ...row, documents: null }, 1e12).document).toBe('–');
});

test('a mark says what changed, and its reason in words', () => {
  const mark = { at_ms: 0, kind: 'switch', reason: 'failback', from: 'wwan0→hub', to: 'eth0→hub' };
  expect(changeText(mark)).toBe('wwan0→hub ⇒ eth0→hub');
  expect(changeText({ ...mark, from: null })).toBe('eth0→hub');
  expect(changeText({ ...mark, from: null, to: null })).toBe('');
  expect(changeText({ ...mark, from: 0, to: null })).toBe('0');
  expect(reasonText(mark)).toStartWith('A preferred link');
  expect(reasonText({ ...mark, reason: null })).toBe('');
  expect(kindText({ ...mark, kind: 'terminated', late: true })).toBe('ended, heard of later');
  expect(kindText({ ...mark, kind: 'eclipse', count: 3 })).toBe('eclipse, 3 times');
  expect(isMarkKind('toString')).toBe(false);
});
