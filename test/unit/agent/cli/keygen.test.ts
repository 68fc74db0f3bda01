import { expect, test } from 'bun:test';
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newKeyPair, runKeygen } from '../../../../agent/cli/keygen.ts';
import { KEY } from '../../../../policies/format.ts';
import { collect } from './collect.ts';

function folder(): { path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), 'jvpn-keygen-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}

/** The public key by another implementation: node:crypto through PKCS #8 (RFC 8410 §7). */
function publicKeyOf(privateKey: string): string {
  const prefix = Buffer.from('302e020100300506032b656e04220420', 'hex');
  const der = Buffer.concat([prefix, Buffer.from(privateKey, 'base64')]);
  const key = createPublicKey(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }));
  return key.export({ format: 'der', type: 'spki' }).subarray(-32).toString('base64');
}

test('a key pair is clamped and agrees with another implementation', () => {
  for (let round = 0; round < 20; round++) {
    const { privateKey, publicKey } = newKeyPair();
    const bytes = Buffer.from(privateKey, 'base64');
    expect([bytes.length, bytes[0]! & 7, bytes[31]! >> 6]).toEqual([32, 0, 1]);
    expect(publicKey).toBe(publicKeyOf(privateKey));
    expect(KEY.accepts(publicKey)).toBe(true);
  }
  expect(newKeyPair().privateKey).not.toBe(newKeyPair().privateKey);
});

test('the private key goes to its file, mode 0600, and nowhere else', async () => {
  using scratch = folder();
  const file = join(scratch.path, 'key');
  const terminal = collect();
  expect(await runKeygen(['--private-key-file', file], terminal)).toBe(0);
  const privateKey = readFileSync(file, 'utf8');
  expect(privateKey).toMatch(/^[A-Za-z0-9+/]{43}=\n$/);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(terminal.outLines).toEqual([publicKeyOf(privateKey.trim())]);
  expect(terminal.errLines).toEqual([]);
});

test('--json names the file and the public key', async () => {
  using scratch = folder();
  const file = join(scratch.path, 'key');
  const terminal = collect();
  expect(await runKeygen([`--private-key-file=${file}`, '--json'], terminal)).toBe(0);
  expect(JSON.parse(terminal.outLines.join(''))).toEqual({
    private_key_file: file,
    public_key: publicKeyOf(readFileSync(file, 'utf8').trim()),
  });
});

test('an existing file is never overwritten', async () => {
  using scratch = folder();
  const file = join(scratch.path, 'key');
  writeFileSync(file, 'precious');
  const terminal = collect();
  expect(await runKeygen(['--private-key-file', file], terminal)).toBe(1);
  expect(readFileSync(file, 'utf8')).toBe('precious');
  expect(terminal.outLines).toEqual([]);
  expect(terminal.errLines.join('')).toContain('exists and is not overwritten');
});

test('a missing folder is named and not created', async () => {
  using scratch = folder();
  const file = join(scratch.path, 'missing', 'key');
  const terminal = collect();
  expect(await runKeygen(['--private-key-file', file], terminal)).toBe(1);
  expect(terminal.errLines.join('')).toContain('does not exist; create it first');
  expect(existsSync(join(scratch.path, 'missing'))).toBe(false);
});

test('wrong usage: 2 and what is allowed', async () => {
  for (const argv of [['--private-key', 'x'], ['surplus'], ['--private-key-file']]) {
    const terminal = collect();
    expect([argv, await runKeygen(argv, terminal)]).toEqual([argv, 2]);
    expect(terminal.errLines.join('')).toContain('Usage: jvpn keygen');
  }
});
