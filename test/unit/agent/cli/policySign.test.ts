/**
 * Goal: what an operator signs is what devices take; what they would refuse is not written; keys are never shown.
 *
 * Method: a key of `keygen --signing`, files in a folder of their own, `sign` and then `verify`.
 */
import { expect, test } from 'bun:test';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runKeygen } from '../../../../agent/cli/keygen.ts';
import { runPolicy } from '../../../../agent/cli/policy.ts';
import { runPolicySign } from '../../../../agent/cli/policySign.ts';
import { runPolicyVerify } from '../../../../agent/cli/policyVerify.ts';
import { collect } from './collect.ts';

const ZERO_KEY = `${'A'.repeat(43)}=`;
const NOW_MS = Date.parse('2026-11-29T00:00:00Z');

interface Scratch extends Disposable {
  readonly at: (name: string) => string;
  readonly publicKey: string;
  readonly sign: (...argv: string[]) => Promise<{ code: number; out: string; err: string }>;
  readonly verify: (...argv: string[]) => Promise<{ code: number; out: string; err: string }>;
}

async function scratch(): Promise<Scratch> {
  const path = mkdtempSync(join(tmpdir(), 'jvpn-sign-'));
  const at = (name: string) => join(path, name);
  const made = collect();
  await runKeygen(['--signing', '--private-key-file', at('key')], made);
  writeFileSync(
    at('p.toml'),
    'version = 7\nname = "pushed"\n[quality]\nloss_enter_percent = 12.5\n',
  );
  const run = async (command: typeof runPolicySign, argv: readonly string[]) => {
    const terminal = collect();
    const code = await command(argv, terminal, NOW_MS);
    return { code, out: terminal.outLines.join('\n'), err: terminal.errLines.join('\n') };
  };
  // The last of two is what counts.
  const common = ['--signing-key-file', at('key'), '--output', at('out')];
  return {
    at,
    publicKey: made.outLines[0]!,
    sign: (...argv) => run(runPolicySign, ['--target', 'fleet:acme', ...argv, ...common]),
    verify: (...argv) => run(runPolicyVerify, argv),
    [Symbol.dispose]: () => rmSync(path, { recursive: true }),
  };
}

test('a signing key: mode 0600, its public key and key id, never the private one', async () => {
  using place = await scratch();
  expect(statSync(place.at('key')).mode & 0o777).toBe(0o600);
  const terminal = collect();
  const argv = ['--signing', '--private-key-file', place.at('other'), '--json'];
  expect(await runKeygen(argv, terminal)).toBe(0);
  const shown = JSON.parse(terminal.outLines.join(''));
  expect(Object.keys(shown)).toEqual(['private_key_file', 'public_key', 'key_id']);
  expect(shown.key_id).toMatch(/^[0-9a-f]{16}$/);
  expect(terminal.outLines.join('')).not.toContain(readFileSync(place.at('other'), 'utf8').trim());
  expect(await runKeygen(['--signing'], terminal)).toBe(2);
  expect(await runKeygen(argv, terminal)).toBe(1);
});

test('a policy that was signed verifies, with its version and its target', async () => {
  using place = await scratch();
  const signed = await place.sign(place.at('p.toml'));
  expect([signed.code, signed.err]).toEqual([0, '']);
  expect(signed.out).toContain('policy version 7 for fleet:acme');
  const verified = await place.verify(place.at('out'), '--anchor', place.publicKey, '--json');
  expect(verified.code).toBe(0);
  expect(JSON.parse(verified.out)).toEqual({
    file: place.at('out'),
    ok: true,
    document: {
      kind: 'policy',
      target: 'fleet:acme',
      version: 7,
      not_before: '2026-11-28T23:55:00Z',
      expires: '2026-12-05T23:55:00Z',
      signer: expect.stringMatching(/^[0-9a-f]{16}$/),
    },
    refused: null,
    detail: null,
  });
});

test('a target is a fleet, or a group or device of one', async () => {
  using place = await scratch();
  for (const target of ['device:acme/kiosk-7', 'group:acme/south']) {
    expect(await place.sign(place.at('p.toml'), '--target', target)).toMatchObject({ err: '' });
    const verified = await place.verify(place.at('out'), '--anchor', place.publicKey);
    expect(verified.out).toContain(`policy version 7 for ${target}`);
    rmSync(place.at('out'));
  }
  for (const target of ['group:south', 'device:a/b/c', 'fleet:a/b', 'hub:acme/h']) {
    const { code, err } = await place.sign(place.at('p.toml'), '--target', target);
    expect([target, code, err.includes('group:FLEET/NAME')]).toEqual([target, 2, true]);
  }
});

test('an emergency, a rotation and a command', async () => {
  using place = await scratch();
  writeFileSync(place.at('e.toml'), '[switching]\nmax_switches_per_minute = 4\n');
  const kinds = [
    [place.at('e.toml'), '--emergency', '--version', '1', '--expires', '2026-11-29T06:00:00Z'],
    ['--rotate-to', place.publicKey, '--version', '1'],
    ['--command', 'rebind', '--link', 'eth0', '--version', '1'],
  ];
  for (const argv of kinds) {
    expect(await place.sign(...argv)).toMatchObject({ code: 0, err: '' });
    const verified = await place.verify(place.at('out'), '--anchor', place.publicKey);
    expect([verified.code, verified.err]).toEqual([0, '']);
    rmSync(place.at('out'));
  }
});

test('the version of a command is the time, unless one is named', async () => {
  using place = await scratch();
  const named = await place.sign('--command', 'rotate_keys', '--version', '9');
  expect(named.out).toContain('command version 9 for');
  rmSync(place.at('out'));
  const timed = await place.sign('--command', 'rotate_keys');
  expect(timed.out).toContain(`command version ${NOW_MS} for`);
});

test('what no device would take is not written', async () => {
  using place = await scratch();
  writeFileSync(place.at('bad.toml'), 'version = 7\n[session]\nttl_ms = 1\n');
  writeFileSync(place.at('loose.toml'), '[session]\nheartbeat = 1\n');
  const emergency = ['--emergency', '--version', '1', '--expires'];
  const refused: [string[], string][] = [
    [[place.at('bad.toml')], 'document_invalid\n'],
    [[place.at('bad.toml')], `${place.at('bad.toml')}: session.ttl_ms: 1 is `],
    [[place.at('bad.toml')], 'allowed: an integer from'],
    [[place.at('loose.toml'), ...emergency, '2026-11-29T06:00:00Z'], 'heartbeat: unknown key'],
    [[place.at('p.toml'), '--expires', '2029-01-01T00:00:00Z'], 'document_malformed'],
    [['--command', 'rebind', '--version', '1'], 'document_invalid'],
    [['--rotate-to', ZERO_KEY, '--version', '1'], 'a key under which anybody can sign'],
    [[place.at('missing.toml')], 'ENOENT'],
  ];
  for (const [argv, why] of refused) {
    const { code, err } = await place.sign(...argv);
    expect([argv, code, err.includes(why)]).toEqual([argv, 1, true]);
  }
  expect(existsSync(place.at('out'))).toBe(false);
});

test('an existing file is never overwritten, a key that others may read is not used', async () => {
  using place = await scratch();
  writeFileSync(place.at('out'), 'precious');
  expect((await place.sign(place.at('p.toml'))).code).toBe(1);
  expect(readFileSync(place.at('out'), 'utf8')).toBe('precious');
  writeFileSync(place.at('open'), readFileSync(place.at('key')), { mode: 0o644 });
  const argv = [
    place.at('p.toml'),
    '--signing-key-file',
    place.at('open'),
    '--target',
    'fleet:acme',
  ];
  const terminal = collect();
  expect(await runPolicySign([...argv, '--output', place.at('new')], terminal, NOW_MS)).toBe(1);
  expect(terminal.errLines.join('')).toContain('others may read this key');
});

test('verify says why not', async () => {
  using place = await scratch();
  await place.sign(place.at('p.toml'));
  const stranger = Buffer.alloc(32, 1).toString('base64');
  const unknown = await place.verify(place.at('out'), '--anchor', stranger, '--json');
  expect([unknown.code, JSON.parse(unknown.out).refused]).toEqual([1, 'signer_unknown']);
  const bytes = readFileSync(place.at('out'));
  bytes[bytes.length - 1]! ^= 1;
  writeFileSync(place.at('forged'), bytes);
  const forged = await place.verify(place.at('forged'), '--anchor', place.publicKey);
  expect([forged.code, forged.err.includes('signature_invalid')]).toEqual([1, true]);
  const late = collect();
  const later = NOW_MS + 30 * 86_400_000;
  expect(await runPolicyVerify([place.at('out'), '--anchor', place.publicKey], late, later)).toBe(
    1,
  );
  expect(late.errLines.join('')).toContain('document_expired');
});

test('wrong usage: 2 and what is allowed', async () => {
  using place = await scratch();
  const wrong = [
    [],
    [place.at('p.toml'), '--command', 'rebind'],
    [place.at('p.toml'), '--version', '3'],
    ['--command', 'reboot', '--version', '1'],
    ['--command', 'rotate_keys', '--version', '0'],
    ['--rotate-to', 'short', '--version', '1'],
    [place.at('p.toml'), '--expires', 'soon'],
    [place.at('p.toml'), '--not-before', '2026-12-30T00:00:01Z'],
    [
      place.at('p.toml'),
      '--not-before',
      '2126-11-29T00:00:00Z',
      '--expires',
      '2126-12-01T00:00:00Z',
    ],
    [place.at('p.toml'), '--emergency', '--version', '1'],
  ];
  for (const argv of wrong) {
    const { code, err } = await place.sign(...argv);
    expect([argv, code, err.includes('Usage: jvpn policy sign')]).toEqual([argv, 2, true]);
  }
  const file = place.at('p.toml');
  for (const argv of [[], [file], [file, '--anchor', 'x'], [file, '--anchor', ZERO_KEY]]) {
    expect([argv, (await place.verify(...argv)).code]).toEqual([argv, 2]);
  }
});

test('jvpn policy finds both', async () => {
  for (const action of ['sign', 'verify']) {
    const terminal = collect();
    expect(await runPolicy([action, '--help'], terminal)).toBe(0);
    expect(terminal.outLines.join('')).toContain(`Usage: jvpn policy ${action}`);
  }
});
