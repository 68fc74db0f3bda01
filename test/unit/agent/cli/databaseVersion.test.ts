/**
 * Goal: of the histories of other releases an older one is read, and a newer one is refused with words and not misread, by all that read one.
 * Method: a history written by the fleet's own code, whose file is made into that of another release.
 */
import { Database } from 'bun:sqlite';
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runAudit } from '../../../../agent/cli/audit.ts';
import { runReport } from '../../../../agent/cli/report.ts';
import { openHistory } from '../../../../fleet/history.ts';
import { BOOT, Scene, START_MS } from '../../fleet/sample.ts';

const BOUNDS = { retentionDays: 30, bytesMax: 64 * 1_048_576 };
let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'jvpn-version-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

const COMMANDS = { audit: runAudit, report: runReport };

async function read(command: keyof typeof COMMANDS, file: string) {
  const said: string[] = [];
  const terminal = {
    out: (text: string) => said.push(text),
    err: (text: string) => said.push(text),
  };
  const code = await COMMANDS[command](['--database', file], terminal);
  return { code, said: said.join('\n') };
}

function changed(file: string, ...statements: readonly string[]): string {
  const database = new Database(file, { create: true });
  for (const statement of statements) database.run(statement);
  database.close();
  return file;
}

/** Of one device with one event. */
function written(name: string): string {
  const file = join(directory, name);
  const opened = openHistory(file, BOUNDS);
  if (!opened.ok) throw new Error(opened.message);
  const [history, scene] = [opened.value, new Scene()];
  scene.presence('online', BOOT, 1, 'gw-1');
  for (const { name: device, change } of scene.changes) {
    history.remember(scene.device(device), [change]);
  }
  scene.day.current.states = scene.registry.states();
  history.flush([{ atMs: scene.day.atMs, span: scene.day.current }]);
  history.save(scene.registry.devices.values());
  history.database.run(
    "INSERT INTO events (device, stream, seq, boot, at_ms, event) SELECT id, 's', 1, 'b', ?, '{}' FROM devices",
    [START_MS],
  );
  history.close();
  return file;
}

test('◆ of a newer release: it is said which, and nothing of it is read or written', async () => {
  const file = changed(
    written('newer.sqlite'),
    // Milliseconds no more: what reads them as before says what never was.
    'UPDATE events SET at_ms = at_ms / 1000',
    'PRAGMA user_version = 3',
  );
  const before = readFileSync(file);
  const why = 'a later release wrote it: its tables are of version 3, and this one knows 1 to 2';
  for (const command of ['audit', 'report'] as const) {
    const said = `jvpn ${command}: ${file} cannot be read: ${why}`;
    expect(await read(command, file)).toMatchObject({ said });
    expect((await read(command, file)).code).not.toBe(0);
  }
  const opened = openHistory(file, BOUNDS);
  expect(opened).toEqual({ ok: false, message: `${file} cannot be used: ${why}` });
  expect(readFileSync(file, 'base64')).toBe(before.toString('base64'));
});

test('of an older release it is read as one of this', async () => {
  const newest = written('newest.sqlite');
  const older = changed(
    written('older.sqlite'),
    'DROP INDEX events_heard',
    'ALTER TABLE events DROP COLUMN heard_ms',
    'PRAGMA user_version = 1',
  );
  for (const command of ['audit', 'report'] as const) {
    const expected = await read(command, newest);
    expect(expected.said).toContain('1 ');
    const { code, said } = await read(command, older);
    expect([code, said.replaceAll(older, newest)]).toEqual([expected.code, expected.said]);
  }
});

test('without a version it is no history of any release, whatever its tables are called', async () => {
  const file = changed(written('none.sqlite'), 'PRAGMA user_version = 0');
  const foreign = changed(join(directory, 'foreign.sqlite'), 'CREATE TABLE events (at_ms)');
  for (const one of [file, foreign]) {
    for (const command of ['audit', 'report'] as const) {
      expect((await read(command, one)).said).toBe(
        `jvpn ${command}: ${one} is no history of a fleet: its tables have no version`,
      );
    }
  }
});
