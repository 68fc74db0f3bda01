import { afterAll, beforeAll, expect, test } from 'bun:test';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readStart } from '../../../fleet/start.ts';
import { StartError } from '../../../hal/startError.ts';

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'jvpn-fleet-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

const TOKEN = 'a-token-of-many-letters';

/** `fleet.toml` with `text`, and beside it the token file with `token`. */
function startOf(text: string, token = TOKEN, mode = 0o600) {
  const file = join(directory, 'fleet.toml');
  writeFileSync(file, `[broker]\nurl = "mqtt://broker"\n${text}`);
  writeFileSync(join(directory, 'token'), token);
  chmodSync(join(directory, 'token'), mode);
  return readStart(file);
}

function problemOf(start: () => unknown): readonly [number, string] {
  try {
    start();
  } catch (error) {
    if (error instanceof StartError) return [error.exitCode, error.message];
    throw error;
  }
  throw new Error('it starts');
}

test('paths are meant from the folder of the file, and each process has a client id of its own', () => {
  const start = startOf('username = "u"\npassword_file = "p"\n[history]\nfile = "h.sqlite"\n');
  expect(start).toMatchObject({
    broker: { url: 'mqtt://broker', fleet: 'jvpn', passwordFile: join(directory, 'p') },
    historyFile: join(directory, 'h.sqlite'),
    login: { token: null, proxyHeader: null, proxyAddresses: [] },
  });
  expect(start.broker.clientId).toMatch(/^jvpn-fleet-[0-9a-f]{12}$/);
  expect(startOf('').broker.clientId).not.toBe(start.broker.clientId);
});

test('a token is the first line of a file that nobody else reads', () => {
  const text = '[login]\ntoken_file = "token"';
  expect(startOf(text).login.token).toBe(TOKEN);
  expect(startOf(text, `${TOKEN}\r\nmore`).login.token).toBe(TOKEN);
  for (const mode of [0o644, 0o640, 0o604]) {
    const [exitCode, message] = problemOf(() => startOf(text, TOKEN, mode));
    expect([exitCode, message]).toEqual([1, expect.stringContaining('others may read this token')]);
  }
  for (const token of ['', 'short', 'with some spaces in it', 'ü'.repeat(20), 'x'.repeat(600)]) {
    const [exitCode, message] = problemOf(() => startOf(text, token));
    expect([exitCode, message]).toEqual([2, expect.stringContaining('is no token')]);
    if (token !== '') expect(message).not.toContain(token);
  }
});

test('what is missing or wrong is said with its place', () => {
  expect(problemOf(() => readStart(join(directory, 'nowhere.toml')))).toEqual([
    2,
    expect.stringContaining('the configuration cannot be read'),
  ]);
  expect(problemOf(() => startOf('[login]\ntoken_file = "nowhere"'))).toEqual([
    1,
    expect.stringContaining('the token cannot be read'),
  ]);
  expect(problemOf(() => startOf('[history]\nretention_days = 0'))).toEqual([
    2,
    expect.stringContaining('history.retention_days: 0 is below 1'),
  ]);
});
