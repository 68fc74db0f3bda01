/**
 * Goal: a lost, repeated or torn event of an audit log is seen, and rotation and restarts are no gap.
 * Method: a log that the product wrote, taken apart.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { openAuditLog } from '../../../../hal/linux/auditLog.ts';
import { folderForTests } from '../../../folder.ts';
import { judgeLog } from '../../../lab/soak/gaps.ts';

const folder = folderForTests('soak-gaps-');
afterAll(() => rmSync(folder, { recursive: true }));

const file = join(folder, 'agent.jsonl');
const open = () =>
  openAuditLog({ file, bytesMax: 2_000, filesMax: 9, wallMs: () => 1, policyVersion: () => 1 });

function write(count: number): void {
  const log = open();
  for (let event = 0; event < count; event++) {
    log.append({
      ...{ atMs: event, event: 'notice', device: 'gateway', sessionId: null, from: null, to: null },
      ...{ stateVersion: 1, hubSeq: 0, ownerEpoch: 0, reasonCode: 'agent_restarted' },
      ...{ transport: null, detail: {} },
    });
  }
  log.close();
}

let texts: readonly string[] = [];
let lines: readonly string[] = [];
beforeAll(() => {
  write(12);
  write(8);
  texts = [9, 8, 7, 6, 5, 4, 3, 2, 1]
    .map((number) => `${file}.${number}`)
    .concat(file)
    .filter((path) => existsSync(path))
    .map((path) => readFileSync(path, 'utf8'));
  lines = texts.join('').trimEnd().split('\n');
});
const without = (at: number) => [`${lines.toSpliced(at, 1).join('\n')}\n`];

test('a whole log over restarts and rotation has no fault', () => {
  expect(texts.length).toBeGreaterThan(2);
  const { records, faults } = judgeLog(texts);
  expect([records.length, faults]).toEqual([20, []]);
});

test('a lost event is seen, wherever it was', () => {
  expect(judgeLog(without(0)).faults).toEqual(['seq 2 after 0']);
  expect(judgeLog(without(7)).faults).toEqual(['seq 9 after 7']);
  expect(judgeLog(texts.slice(1)).faults).toHaveLength(1);
});

test('so are repeated, disordered and torn ones, and a log that is empty', () => {
  expect(judgeLog([...texts, lines[19]!]).faults).toEqual(['seq 20 after 20']);
  expect(judgeLog([...texts].reverse()).faults.length).toBeGreaterThan(1);
  const torn = `${[...lines.slice(0, 5), lines[5]!.slice(0, 40), ...lines.slice(6)].join('\n')}\n`;
  expect(judgeLog([torn]).faults).toEqual([`notJson: ${lines[5]!.slice(0, 40)}`, 'seq 7 after 5']);
  expect(judgeLog(['']).faults).toEqual(['no event at all']);
});
