/**
 * Goal: what `jvpn command` sends is what a device takes, on its topic; it is done when the device says so and not otherwise.
 *
 * Method: the exchange with the broker is the test's.
 */
import { expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '../../../../agent/cli/command.ts';
import type { Exchange, Exchanged } from '../../../../agent/cli/commandExchange.ts';
import { runKeygen } from '../../../../agent/cli/keygen.ts';
import { runPolicySign } from '../../../../agent/cli/policySign.ts';
import { COSE } from '../../../../agent/cose.ts';
import { encodePayload } from '../../../../agent/payload.ts';
import { anchorsOf, NOT_ROTATED } from '../../../../policies/signed/anchors.ts';
import { commandOf } from '../../../../policies/signed/body.ts';
import { openDocument } from '../../../../policies/signed/open.ts';
import { isRefused } from '../../../../policies/signed/refusal.ts';
import { collect } from './collect.ts';

const NOW_MS = Date.parse('2026-11-29T00:00:00Z');
const BROKER = ['--broker', 'mqtts://broker.example', '--device', 'gw1'];

interface Scratch extends Disposable {
  readonly at: (name: string) => string;
  readonly publicKey: Uint8Array;
  readonly key: readonly string[];
}

async function scratch(): Promise<Scratch> {
  const path = mkdtempSync(join(tmpdir(), 'jvpn-command-'));
  const at = (name: string) => join(path, name);
  const made = collect();
  await runKeygen(['--signing', '--private-key-file', at('key')], made);
  const publicKey = new Uint8Array(Buffer.from(made.outLines[0]!, 'base64'));
  const key = ['--signing-key-file', at('key')];
  return { at, publicKey, key, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}

/** Answers each command with `outcome`, in this format. */
async function sent(
  argv: readonly string[],
  outcome: object | string = { outcome: 'command_done' },
  format: 'cbor' | 'json' = 'cbor',
) {
  const terminal = collect();
  const asked: Exchange[] = [];
  const send = async (exchange: Exchange): Promise<Exchanged> => {
    asked.push(exchange);
    if (typeof outcome === 'string') return { ok: false, message: outcome };
    const id = Buffer.from(exchange.correlation).toString('hex');
    const answer = { v: 1, id, state: 'ATTACHED', state_version: 7, ...outcome };
    return { ok: true, answer: encodePayload(answer, format) };
  };
  const code = await runCommand(argv, terminal, NOW_MS, send);
  const [out, err] = [terminal.outLines.join('\n'), terminal.errLines.join('\n')];
  return { code, out, err, asked: asked[0] ?? null };
}

test('a command is signed for one device, on the topic of its name and id, and its version is the time', async () => {
  using place = await scratch();
  const { code, asked, out } = await sent([
    ...['rebind', '--link', 'wlan0', ...BROKER, ...place.key, '--fleet', 'acme'],
  ]);
  expect([code, out.split('  ')[0]]).toEqual([0, 'command_done']);
  const document = openDocument(asked!.document, anchorsOf([place.publicKey], NOT_ROTATED), COSE);
  if (isRefused(document)) throw new Error(document.detail);
  expect(document).toMatchObject({
    ...{ kind: 'command', target: { level: 'device', name: 'gw1' }, version: NOW_MS },
    ...{ notBeforeS: NOW_MS / 1_000 - 300, expiresS: NOW_MS / 1_000 + 300 },
  });
  const id = Buffer.from(asked!.correlation).toString('hex');
  expect(commandOf(document)).toEqual({ command: { name: 'rebind', link: 'wlan0', id } });
  expect(asked).toMatchObject({
    commandTopic: `jvpn/v1/acme/gw1/cmd/rebind/${id}`,
    answerTopic: `jvpn/v1/acme/gw1/cmd/rebind/${id}/answer`,
    ...{ timeoutMs: 30_000, expiresInS: 300 },
  });
});

test('only what was carried out is status 0', async () => {
  using place = await scratch();
  const argv = ['rotate_keys', ...BROKER, ...place.key];
  for (const format of ['cbor', 'json'] as const) {
    const withheld = await sent(argv, { outcome: 'command_withheld', why: 'no_binding' }, format);
    expect([withheld.code, withheld.out]).toEqual([1, expect.stringContaining('no_binding')]);
    const refused = await sent([...argv, '--json'], { outcome: 'document_replayed' }, format);
    expect([refused.code, JSON.parse(refused.out).outcome]).toEqual([1, 'document_replayed']);
  }
  const silent = await sent(argv, 'no answer of the device within 30 s');
  expect([silent.code, silent.err]).toEqual([1, expect.stringContaining('no answer')]);
  const other = await sent(argv, { id: 'ff', outcome: 'command_done' });
  expect([other.code, other.err]).toEqual([1, expect.stringContaining('none to this command')]);
  const garbage = await sent(argv, { outcome: 7 });
  expect(garbage.code).toBe(1);
});

test('what comes from a device moves no terminal', async () => {
  using place = await scratch();
  const why = 'a\u001b[2Jb';
  const { out } = await sent(['rotate_keys', ...BROKER, ...place.key], { outcome: 'x', why });
  expect(out).toContain('a [2Jb');
});

test('an answer is read from whatever bytes: what is no plain value is left out', async () => {
  using place = await scratch();
  const argv = ['rotate_keys', ...BROKER, ...place.key];
  const odd = { state: { toString: 1, valueOf: 1 }, binding: [1], state_version: 2n ** 60n };
  for (const flags of [[], ['--json']]) {
    const { code, out } = await sent([...argv, ...flags], { outcome: 'command_done', ...odd });
    expect([code, out.includes('command_done')]).toEqual([0, true]);
  }
});

test('one that was signed elsewhere is sent as it is', async () => {
  using place = await scratch();
  const output = ['--target', 'device:acme/gw1', '--output', place.at('c.cose')];
  const signed = collect();
  const argv = ['--command', 'collect_log', ...place.key, ...output];
  expect(await runPolicySign(argv, signed, NOW_MS)).toBe(0);
  const { code, asked } = await sent([
    ...['--document', place.at('c.cose'), '--broker', 'mqtt://broker.example'],
  ]);
  expect(code).toBe(0);
  expect(asked?.document).toEqual(new Uint8Array(readFileSync(place.at('c.cose'))));
  expect(asked?.commandTopic).toStartWith('jvpn/v1/jvpn/gw1/cmd/collect_log/');
});

test('what is no command, or names no device, is not sent', async () => {
  using place = await scratch();
  writeFileSync(place.at('p.toml'), 'version = 7\n');
  const output = ['--target', 'fleet:acme', '--output', place.at('p.cose')];
  const policy = [place.at('p.toml'), ...place.key, ...output];
  expect(await runPolicySign(policy, collect(), NOW_MS)).toBe(0);
  const group = ['--target', 'group:acme/south', '--output', place.at('g.cose')];
  const toGroup = ['--command', 'rotate_keys', ...place.key, ...group];
  expect(await runPolicySign(toGroup, collect(), NOW_MS)).toBe(0);
  const broker = ['--broker', 'mqtt://broker.example'];
  const cases = [
    [1, 'no command', ['--document', place.at('p.cose'), ...broker]],
    [1, 'ENOENT', ['--document', place.at('none'), ...broker]],
    [2, '--device is missing', ['--document', place.at('g.cose'), ...broker]],
  ] as const;
  for (const [status, why, argv] of cases) {
    const { code, err, asked } = await sent(argv);
    expect([argv, code, err.includes(why), asked]).toEqual([argv, status, true, null]);
  }
  const named = await sent(['--document', place.at('g.cose'), ...broker, '--device', 'gw2']);
  expect(named.asked?.commandTopic).toStartWith('jvpn/v1/jvpn/gw2/cmd/rotate_keys/');
});

test('wrong usage: 2 and what is allowed', async () => {
  using place = await scratch();
  const wrong = [
    [],
    ['reboot', ...BROKER, ...place.key],
    ['rebind', ...BROKER, ...place.key],
    ['rotate_keys', '--link', 'eth0', ...BROKER, ...place.key],
    ['rotate_keys', '--device', 'gw1', ...place.key],
    ['rotate_keys', '--broker', 'http://x', '--device', 'gw1', ...place.key],
    ['rotate_keys', '--broker', 'mqtt://x', '--ca-file', 'ca.crt', '--device', 'gw1', ...place.key],
    ['rotate_keys', ...BROKER, '--certificate-file', 'c.crt', ...place.key],
    ['rotate_keys', ...BROKER, '--timeout-s', '0', ...place.key],
    ['rotate_keys', '--broker', 'mqtt://x', '--device', 'a/b', ...place.key],
    ['rotate_keys', ...BROKER, '--document', 'c.cose'],
    ['rotate_keys', ...BROKER, '--expires', 'soon', ...place.key],
  ];
  for (const argv of wrong) {
    const { code, err, asked } = await sent(argv);
    expect([argv, code, err.includes('Usage: jvpn command'), asked]).toEqual([argv, 2, true, null]);
  }
  const help = await sent(['--help']);
  expect([help.code, help.out.startsWith('Usage: jvpn command')]).toEqual([0, true]);
});

test('files of TLS are named as in a push, and belong together', async () => {
  using place = await scratch();
  const told = async (broker: string, ...files: readonly string[]) => {
    const at = ['--broker', broker, '--device', 'gw1'];
    const { err } = await sent(['rotate_keys', ...at, ...files, ...place.key]);
    return err.split('\n')[0];
  };
  expect(await told('mqtt://x', '--ca-file', 'ca.crt')).toBe(
    'jvpn command: --ca-file: the broker is asked without TLS',
  );
  expect(await told('mqtts://x', '--certificate-file', 'c.crt')).toBe(
    'jvpn command: --certificate-file and --key-file, both or none',
  );
});

test('more than a day is no life of a command', async () => {
  using place = await scratch();
  const argv = ['rotate_keys', ...BROKER, ...place.key, '--expires', '2026-12-01T00:00:00Z'];
  const { code, err, asked } = await sent(argv);
  expect([code, err.includes('document_malformed'), asked]).toEqual([1, true, null]);
});
