/**
 * Goal: a signed command is carried out at most once, and answered as often as it comes, with what came of it or why not.
 */
import { afterEach, expect, test } from 'bun:test';
import type { CommandRequest } from '../../../agent/telemetry.ts';
import { commandBody } from '../../../policies/signed/body.ts';
import type { Claims } from '../../../policies/signed/claims.ts';
import { NOW_S, sign, signerOf } from '../policies/signed/documents.ts';

import { Rig, SIGNER, settled, stopAll } from './pushRig.ts';

afterEach(stopAll);

const ID = new Uint8Array(16).fill(7);
const command = (version: number, more: Partial<Claims> = {}, id = ID) =>
  sign(SIGNER, {
    ...{ kind: 'command', version, expiresS: NOW_S + 60 },
    body: commandBody({ name: 'rotate_keys', link: null }, id),
    ...more,
  });

/** As many, each with a version and an id of its own. */
const commands = (count: number) =>
  Array.from({ length: count }, (_, at) => {
    const id = new Uint8Array(16).fill(at);
    return { bytes: command(at + 1, {}, id), asked: request(null, id) };
  });

const request = (responseTopic: string | null = null, id = ID): CommandRequest => ({
  place: { name: 'rotate_keys', id: Buffer.from(id).toString('hex') },
  ...{ responseTopic, correlation: null },
});

test('a command is written down, carried out once, and answered as often as it comes', async () => {
  const rig = new Rig();
  await rig.take(command(1), false, request('jvpn/v1/acme/desk/answer'));
  expect(rig.heard()).toEqual(['notice command_taken', 'notice command_done']);
  await rig.take(command(1), false, request());
  expect(rig.ran).toEqual(['rotate_keys']);
  expect(rig.answers).toEqual([
    ['rotate_keys', 'command_done', null, 'jvpn/v1/acme/desk/answer'],
    ['rotate_keys', 'command_done', null, null],
  ]);
});

test('a command that something was in the way of says what', async () => {
  const rig = new Rig();
  rig.carriedOut = { outcome: 'command_withheld', why: 'no_binding' };
  await rig.take(command(1), false, request());
  expect(rig.heard()).toEqual(['notice command_taken', 'notice command_withheld no_binding']);
  expect(rig.answers).toEqual([['rotate_keys', 'command_withheld', 'no_binding', null]]);
});

test('a command that was written down before a power cut is not carried out behind it, and that is answered', async () => {
  const rig = new Rig();
  await rig.take(command(1), false, request());
  const next = rig.restarted();
  await next.take(command(1), false, request());
  const why = 'version 1, and 1 was taken';
  expect([next.ran, next.answers]).toEqual([[], [['rotate_keys', 'document_replayed', why, null]]]);
});

test('a command is refused with a reason, and answered where its own topic is', async () => {
  const rig = new Rig();
  const other = { level: 'device', fleet: 'acme', name: 'kiosk-8' } as const;
  const elsewhere = request(null, new Uint8Array(16).fill(8));
  const cases = [
    ['command_retained', command(1), true, request()],
    ['wrong_target', command(1, { target: other }), false, request()],
    ['document_expired', command(1, { expiresS: NOW_S }), false, request()],
    ['wrong_topic', command(1), false, elsewhere],
    ['wrong_topic', command(1), false, null],
    ['signer_unknown', sign(signerOf(2), { version: 1 }), false, request()],
  ] as const;
  for (const [code, bytes, isRetained, asked] of cases) {
    rig.nowMs += 60_000;
    await rig.take(bytes, isRetained, asked);
    expect(rig.heard().map((line) => line.split(' ')[1])).toEqual([code]);
    const isAnswered = code !== 'wrong_topic' && code !== 'signer_unknown';
    expect(rig.answers.splice(0).map(([, outcome]) => outcome)).toEqual(isAnswered ? [code] : []);
  }
  expect(rig.ran).toEqual([]);
});

test('more commands than may wait are refused, and each that is taken is carried out once', async () => {
  const rig = new Rig();
  for (const { bytes, asked } of commands(24)) rig.push.arrived(bytes, false, asked);
  await settled();
  await settled();
  expect([rig.ran.length, rig.answers.length]).toEqual([20, 20]);
  expect(rig.push.reported().counters).toMatchObject({ push_busy: 4, command_done: 20 });
});
