/**
 * Goal: `jvpn report --database` tells what a fleet remembered, and says so when it cannot.
 * Method: a history written by the fleet's own code, of reports that agents' code made.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runReport } from '../../../../agent/cli/report.ts';
import { encodePayload } from '../../../../agent/payload.ts';
import { type History, openHistory } from '../../../../fleet/history.ts';
import { BOOT, Scene, START_MS } from '../../fleet/sample.ts';

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'jvpn-review-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

async function report(...argv: string[]) {
  const [out, err]: [string[], string[]] = [[], []];
  const terminal = { out: (text: string) => out.push(text), err: (text: string) => err.push(text) };
  const code = await runReport(argv, terminal);
  return { code, out: out.join('\n'), err: err.join('\n') };
}

function opened(file: string): History {
  const history = openHistory(file, { retentionDays: 30, bytesMax: 64 * 1_048_576 });
  if (!history.ok) throw new Error(history.message);
  return history.value;
}

/** `gw-1` switches and confirms version 8, `gw-2` refuses it, `gw-3` is lost. */
function written(name: string): string {
  const file = join(directory, name);
  const history = opened(file);
  const scene = new Scene();
  for (const device of ['gw-1', 'gw-2', 'gw-3']) {
    scene.presence('online', BOOT, 1, device);
    scene.health({ seq: 1 }, device);
    said(scene, device, 3, null);
  }
  scene.nowMs += 5_000;
  const counters = { carrier_lost: 5, heartbeat_timeout: 1, switch_denied: 4 };
  scene.health({ seq: 2, link: 'wwan0', switchesTotal: 2, status: { counters } }, 'gw-1');
  said(scene, 'gw-1', 8, { code: 'policy_confirmed', ts_ms: 1, version: 8 });
  said(scene, 'gw-2', 3, { code: 'document_expired', ts_ms: 1, version: 8, kind: 'policy' });
  scene.presence('lost', BOOT, 1, 'gw-3');
  for (const { name: device, change } of scene.changes) {
    history.remember(scene.device(device), [change]);
  }
  scene.day.current.states = scene.registry.states();
  scene.day.current.spreads = scene.registry.spreads();
  history.flush([{ atMs: scene.day.atMs, span: scene.day.current }]);
  history.save(scene.registry.devices.values());
  history.close();
  return file;
}

function said(scene: Scene, device: string, confirmed: number, last: object | null): void {
  const policy = { name: 'balanced', version: confirmed };
  const outcomes = device === 'gw-2' ? { last_refusal: last } : { last_step: last };
  const document = { v: 1, policy, confirmed, on_trial: null, emergency: null, ...outcomes };
  scene.say(`${device}/policy/reported`, encodePayload(document, 'cbor'));
}

test('a fleet in one review: devices, switches, policies, documents, who was lost', async () => {
  const file = written('whole.sqlite');
  const page = join(directory, 'whole.html');
  const { code, out, err } = await report('--database', file, '--html', page);
  expect([code, err]).toEqual([0, '']);
  for (const line of [
    '3 devices are known, and something happened on 3 of them.',
    '1 devices were lost, 1 times together.',
    '| ATTACHED | 2 | 2 |',
    '2 switches; 0 signs of replay',
    '| carrier\\_lost | 3 |',
    '| switch\\_denied | 4 |',
    '| round trip of bindings | 12.5 ms | 12.5 ms |',
    '| loss of bindings | 0.0 % | 0.0 % |',
    '| memory of agents | 60.0 MB | 60.0 MB |',
    '| 8 | confirmed | 1 |',
    '| 8 | refused | 1 |',
    '| policy\\_confirmed | 8 | 1 | 0.0 s |',
    '| gw-1 | 2 |',
  ]) {
    expect(out).toContain(line);
  }
  const text = readFileSync(page, 'utf8');
  expect(text).toContain('<h2>Signed documents</h2>');
  expect(text).toContain('<rect class="ATTACHED"');
  expect(text).toContain('aria-label="Devices by state over 1 moments, at most 2"');
  const json = JSON.parse((await report('--database', file, '--json')).out);
  expect(json).toMatchObject({ devices: 3, switches: 2, verdicts: { '3 confirmed': 1 } });
  // Nothing was written into it.
  opened(file).close();
});

test('a range that nothing lies in, a file that is none, one that is open, both kinds of input', async () => {
  const file = written('again.sqlite');
  const later = new Date(START_MS + 86_400_000).toISOString();
  const none = await report('--database', file, '--from', later);
  expect([none.code, none.err]).toEqual([2, expect.stringContaining('no history in that range')]);
  const text = join(directory, 'text');
  writeFileSync(text, 'no database, but long enough to be looked at as one, if anybody did that\n');
  for (const other of [text, directory, join(directory, 'missing')]) {
    const answer = await report('--database', other);
    expect([answer.code, answer.err]).toEqual([2, expect.stringContaining(other)]);
  }
  expect(existsSync(join(directory, 'missing'))).toBe(false);
  const running = opened(file);
  running.flush([]);
  const busy = await report('--database', file);
  running.close();
  expect([busy.code, busy.err]).toEqual([2, expect.stringContaining('jvpn fleet that runs')]);
  for (const argv of [
    ['--database', file, 'device.jsonl'],
    ['--database', file, '--device', 'abc'],
    ['--database', file, '--html', file],
  ]) {
    expect((await report(...argv)).code).toBe(2);
  }
});
