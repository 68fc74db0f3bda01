/**
 * Goal: a command line that does not fit together is refused before the broker is asked, and says what would fit; what no device would take
 * is not sent; a rollout is gone on with as it was begun, or not at all.
 */
import { expect, test } from 'bun:test';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { durationMs } from '../../../../agent/cli/duration.ts';
import { preparation } from '../../../../agent/cli/policyPush.ts';
import { runPolicySign } from '../../../../agent/cli/policySign.ts';
import {
  keptDocument,
  policyFile,
  signPolicy,
  timesOf,
} from '../../../../agent/cli/pushDocument.ts';
import { readPushFile } from '../../../../agent/cli/pushFile.ts';
import { readPushFlags } from '../../../../agent/cli/pushFlags.ts';
import { refuseKept } from '../../../../agent/cli/pushKept.ts';
import { lockRollout } from '../../../../agent/cli/pushLock.ts';
import { openRollout } from '../../../../agent/cli/pushRollout.ts';
import { reopenDocument } from '../../../../policies/signed/open.ts';
import { isRefused } from '../../../../policies/signed/refusal.ts';
import { collect } from './collect.ts';
import { KEY, pushed, scratch } from './pushScratch.ts';

const NOW_S = 1_795_910_400;

test('lengths of time are a number and a unit', () => {
  expect(['90s', '10m', '1h', '7d', '366d'].map(durationMs)).toEqual([
    90_000, 600_000, 3_600_000, 604_800_000, 31_622_400_000,
  ]);
  for (const text of ['', '0s', '10', 'm', '1.5h', '-1s', '10 m', '367d', '1w', '99999999h']) {
    expect([text, durationMs(text)]).toEqual([text, null]);
  }
});

test('what does not fit together is refused with what would, before anybody is asked', async () => {
  using place = scratch();
  const file = place.at('p.toml');
  const broker = ['--broker', 'mqtt://127.0.0.1:9'];
  const key = ['--signing-key-file', place.at('key')];
  const all = [...broker, ...key, '--all'];
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['FILE is missing', all],
    ['--broker is missing', [file, ...key, '--all']],
    ['--broker is no address', [file, '--broker', 'ftp://x', ...key, '--all']],
    ['--ca-file written, but broker.url is mqtt://', [file, ...all, '--ca-file', 'ca.crt']],
    ['--device, --group or --all, one of them', [file, ...broker, ...key]],
    ['--device, --group or --all, one of them', [file, ...all, '--group', 'south']],
    ['--group: a name of at most 64', [file, ...broker, ...key, '--group', 'a/b']],
    ['--fleet: a name', [file, ...all, '--fleet', '#']],
    ['--signing-key-file is missing', [file, ...broker, '--all']],
    ['--expires: a number with s, m, h or d', [file, ...all, '--expires', 'tomorrow']],
    ['--expires: less than 366d', [file, ...all, '--expires', '366d']],
    ['--canary: a share like 5%', [file, ...all, '--canary', '5 percent']],
    ['--soak goes with --canary', [file, ...all, '--soak', '10m']],
    ['--abort goes with --canary', [file, ...all, '--abort']],
    ['--soak: a number with', [file, ...all, '--canary', '5%', '--soak', '10']],
    [
      '--abort-if: "sad" is not known; allowed: degraded, volatile',
      [file, ...all, '--canary', '5%', '--abort-if', 'sad > 2%'],
    ],
    [
      '--canary is for --group or --all',
      [file, ...broker, ...key, '--device', 'a', '--canary', '1'],
    ],
    ['an emergency is for all at once', [file, ...all, '--emergency', '--canary', '5%']],
    ['--expires is missing: an emergency ends', [place.at('e.toml'), ...all, '--emergency']],
    ['--expires: less than 7d', [place.at('e.toml'), ...all, '--emergency', '--expires', '8d']],
    [
      'FILE has no values: --end',
      [place.write('none.toml', ''), ...all, '--emergency', '--expires', '1h'],
    ],
    ['--end goes with --emergency', [...all, '--end']],
    ['--end takes no FILE', [file, ...all, '--emergency', '--end']],
    ['unknown flag --canery, did you mean --canary?', [file, ...all, '--canery', '5%']],
  ];
  for (const [why, argv] of cases) {
    const { code, said } = await pushed(...argv);
    expect([argv, code, said.split('\n')[0]]).toEqual([argv, 2, expect.stringContaining(why)]);
    expect(said).toContain('Usage: jvpn policy push');
  }
  expect(await pushed('--help')).toMatchObject({ code: 0 });
});

test('what no device would take is not sent', async () => {
  using place = scratch();
  const all = ['--broker', 'mqtt://127.0.0.1:9', '--all', '--signing-key-file', place.at('key')];
  const cases = [
    ['session.ttl_ms', place.write('bad.toml', 'version = 5\n[session]\nttl_ms = 1\n')],
    ['ENOENT', place.at('missing.toml')],
    ['document_malformed', place.write('torn.cose', '')],
  ] as const;
  writeFileSync(place.at('torn.cose'), Uint8Array.of(0xd2, 0x84));
  for (const [why, file] of cases) {
    const { code, said } = await pushed(file, ...all);
    expect([file, code, said]).toEqual([file, 1, expect.stringContaining(why)]);
  }
});

test('a signed document is for whom it was signed, and for no canary', async () => {
  using place = scratch();
  const signing = ['--signing-key-file', place.at('key'), '--target', 'group:jvpn/south'];
  const signed = place.at('p.cose');
  await runPolicySign([place.at('p.toml'), ...signing, '--output', signed], collect());
  const broker = ['--broker', 'mqtt://127.0.0.1:9'];
  const cases = [
    ['FILE is signed for group:jvpn/south', [signed, ...broker, '--all']],
    ['--canary signs for each device', [signed, ...broker, '--group', 'south', '--canary', '1']],
    ['FILE is a signed policy', [signed, ...broker, '--group', 'south', '--emergency']],
  ] as const;
  for (const [why, argv] of cases) {
    expect(await pushed(...argv)).toMatchObject({ code: 2, said: expect.stringContaining(why) });
  }
});

/** What a command line with a canary would do, at a broker that keeps `retained`. */
function opened(argv: readonly string[], retained: Uint8Array | null) {
  const flags = readPushFlags([
    ...argv,
    ...['--broker', 'mqtt://127.0.0.1:9', '--all', '--fleet', 'acme'],
  ]);
  if (flags?.canary == null) throw new Error('no canary');
  const { body, policy } = policyFile(flags.file ?? '');
  const times = timesOf('policy', false, null, NOW_S * 1_000);
  const { canary } = flags;
  return openRollout(
    { flags, canary, body, policy, times, privateKey: KEY, answerMs: 1_000, nowS: () => NOW_S },
    retained,
  );
}

const DEVICE = { level: 'device', fleet: 'acme', name: 'gw-1' } as const;

function nameIn(bytes: Uint8Array): string {
  const document = reopenDocument(bytes);
  return isRefused(document)
    ? document.detail
    : `${document.body.get('name')} ${document.version} for ${document.target.name}`;
}

test('how long is waited: for the trial of what is sent, and for those of both on the way back', () => {
  using place = scratch();
  const windows = (first: number, before: number) => {
    const window = (ms: number) => `[push]\nconfirm_window_ms = ${ms}\n`;
    const file = place.write('w.toml', `version = 5\n${window(first)}`);
    const back = place.write('wb.toml', `version = 4\n${window(before)}`);
    const { plan } = opened([file, '--canary', '5%', '--revert-to', back], null).rollout;
    return [plan.patienceMs, plan.canary?.revertPatienceMs];
  };
  // `opened` waits a second for the trial of what is sent.
  expect(windows(20_000, 120_000)).toEqual([1_000, 121_000]);
  expect(windows(120_000, 20_000)).toEqual([1_000, 21_000]);
  const argv = [place.at('p.toml'), '--canary', '5%', '--revert-to', place.at('before.toml')];
  const { plan } = opened([...argv, '--answer-within', '9s'], null).rollout;
  expect([plan.patienceMs, plan.canary?.revertPatienceMs]).toEqual([9_000, 9_000]);
});

test('what it goes back to: the file that is named, else what the broker keeps of this key, else nothing is begun', () => {
  using place = scratch();
  const file = place.at('p.toml');
  const argv = [file, '--canary', '5%'];
  const fleet = { level: 'fleet', name: 'acme' } as const;
  const times = { notBeforeS: 1, expiresS: 2 };
  const { body } = policyFile(place.write('kept.toml', 'version = 3\nname = "kept"\n'));
  const kept = signPolicy(body, fleet, times, KEY);
  const back = (more: readonly string[], retained: Uint8Array | null) =>
    nameIn(opened([...argv, ...more], retained).steps.documentFor('revert', DEVICE).bytes);
  expect(back(['--revert-to', place.at('before.toml')], kept)).toBe('before 6 for gw-1');
  expect(back([], kept)).toBe('kept 6 for gw-1');
  const strangers = signPolicy(body, fleet, times, new Uint8Array(32).fill(8));
  const others = signPolicy(body, { level: 'group', fleet: 'acme', name: 'south' }, times, KEY);
  for (const retained of [null, strangers, others, Uint8Array.of(1)]) {
    expect(() => back([], retained)).toThrow('--revert-to is missing');
  }
  expect(existsSync(`${file}.rollout.json`)).toBeFalse();
});

test('a rollout that was begun goes on as it was, signs the same bytes, and is not mixed with another', () => {
  using place = scratch();
  const file = place.at('p.toml');
  const state = place.at('state.json');
  const argv = [file, '--canary', '5%', '--state-file', state];
  const revert = ['--revert-to', place.at('before.toml')];
  const first = opened([...argv, ...revert], null);
  const canary = ['gw-1'];
  first.steps.save({ stage: 'soak', canary, soakedMs: 20_000, isWide: false, why: null });
  const text = readFileSync(state, 'utf8');
  expect(text).not.toContain(Buffer.from(KEY).toString('base64'));
  const again = opened(argv, null);
  expect(again.rollout.progress).toMatchObject({ stage: 'soak', canary, soakedMs: 20_000 });
  expect(again.rollout.plan).toEqual(first.rollout.plan);
  for (const document of ['forward', 'revert'] as const) {
    expect(again.steps.documentFor(document, DEVICE).bytes).toEqual(
      first.steps.documentFor(document, DEVICE).bytes,
    );
  }
  place.write('p.toml', 'version = 5\nname = "another"\n');
  expect(() => opened([...argv, '--soak', '1h'], null)).toThrow('differs in its policy, --soak');
  // What is taken back is in the state file, whatever the file says.
  const aborted = opened([...argv, '--abort'], null);
  expect([
    aborted.steps.isAbort,
    nameIn(aborted.steps.documentFor('revert', DEVICE).bytes),
  ]).toEqual([true, 'before 6 for gw-1']);

  again.steps.save({ ...again.rollout.progress, stage: 'done' });
  expect(() => opened([...argv, '--abort'], null)).toThrow('no rollout that is under way');
  place.write('p.toml', 'version = 7\nname = "seven"\n');
  const next = opened(argv, null);
  expect([next.rollout.stage, nameIn(next.steps.documentFor('revert', DEVICE).bytes)]).toEqual([
    'begin',
    'next 8 for gw-1',
  ]);
  expect(next.rollout.plan.id).not.toBe(first.rollout.plan.id);
});

test('behind a rollout that was taken back the policy before has a version, too: the next one has to be above that', () => {
  using place = scratch();
  const argv = [place.at('p.toml'), '--canary', '5%', '--revert-to', place.at('before.toml')];
  const first = opened(argv, null);
  expect(first.rollout.plan.canary?.revertVersion).toBe(6);
  first.steps.save({ ...first.rollout.progress, stage: 'aborted', canary: ['gw-1'], why: 'x' });
  place.write('p.toml', 'version = 6\nname = "mended"\n');
  expect(() => opened(argv, null)).toThrow(
    'version 6 is the policy before, as devices were sent it back: raise the version to at least 7',
  );
  place.write('p.toml', 'version = 7\nname = "mended"\n');
  expect(opened(argv, null).rollout.plan.sought.version).toBe(7);
  // Of one that is done nothing was sent back.
  first.steps.save({ ...first.rollout.progress, stage: 'done' });
  place.write('p.toml', 'version = 6\nname = "mended"\n');
  expect(opened(argv, null).rollout.plan.sought.version).toBe(6);
});

test('what the broker keeps under the version that is to be sent has to say the same', () => {
  using place = scratch();
  const fleet = { level: 'fleet', name: 'acme' } as const;
  const argv = [place.at('p.toml'), '--canary', '5%', '--revert-to', place.at('before.toml')];
  const prepared = opened(argv, null);
  const kept = (text: string, privateKey = KEY) => {
    const { body } = policyFile(place.write('kept.toml', text));
    return keptDocument(signPolicy(body, fleet, { notBeforeS: 1, expiresS: 2 }, privateKey), KEY);
  };
  const refuse = (document: ReturnType<typeof kept>, by = prepared) =>
    refuseKept(document, 'verified', by);
  const another = 'version = 5\nname = "another"\n';
  expect(() => refuse(kept(another))).toThrow('raise the version to at least 6');
  expect(() => refuse(kept('version = 6\nname = "next"\n'))).toThrow('5 is older');
  // With other times it is the same; what somebody else signed says nothing.
  refuse(kept('name = "next"\nversion = 5\n'));
  refuse(kept(another, new Uint8Array(32).fill(8)));
  refuse(kept('version = 4\nname = "another"\n'));
  refuse(null);
  // Taken back, it is the policy before that is sent to all, and nobody can be kept from taking back.
  const progress = { ...prepared.rollout.progress, canary: ['gw-1'] };
  prepared.steps.save({ ...progress, stage: 'reverting', isWide: true });
  const reverting = opened(argv, null);
  refuse(kept('version = 6\nname = "before"\n'), reverting);
  refuse(kept(another), reverting);
  expect(() => refuse(kept('version = 6\nname = "next"\n'), reverting)).toThrow('at least 7');
  prepared.steps.save({ ...progress, stage: 'soak' });
  refuse(kept(another), opened([...argv, '--abort'], null));
});

test('a signed policy is waited for as long as it may be on trial, and does not take the place of a newer one of its key', async () => {
  using place = scratch();
  const broker = ['--broker', 'mqtt://127.0.0.1:9', '--all', '--fleet', 'acme'];
  const signing = ['--signing-key-file', place.at('key'), '--target', 'fleet:acme'];
  const signed = async (name: string, text: string) => {
    const argv = [place.write(`${name}.toml`, text), ...signing];
    await runPolicySign([...argv, '--output', place.at(`${name}.cose`)], collect());
    return place.at(`${name}.cose`);
  };
  const prepared = (argv: readonly string[], retained: Uint8Array | null = null) => {
    const flags = readPushFlags([...argv, ...broker]);
    if (flags === null) throw new Error('no flags');
    return preparation(flags)({ retained, emergencyMax: 0 });
  };
  const patienceOf = (argv: readonly string[]) => prepared(argv).rollout.plan.patienceMs;
  expect(patienceOf([await signed('plain', 'version = 5\n')])).toBe(150_000);
  const window = '[push]\nconfirm_window_ms = 300_000\n';
  expect(patienceOf([await signed('slow', `version = 5\n${window}`)])).toBe(330_000);
  expect(patienceOf([place.at('slow.cose'), '--answer-within', '9s'])).toBe(9_000);

  const file = await signed('next', 'version = 5\nname = "next"\n');
  const kept = (text: string, key = KEY, name = 'acme') => {
    const { body } = policyFile(place.write('kept.toml', text));
    return signPolicy(body, { level: 'fleet', name }, { notBeforeS: 1, expiresS: 2 }, key);
  };
  const newer = 'version = 6\n';
  expect(() => prepared([file], kept(newer))).toThrow(
    'the broker keeps version 6 for fleet:acme, which names the signer of FILE as its own: 5 is older',
  );
  expect(() => prepared([file], kept('version = 5\n'))).toThrow('raise the version to at least 6');
  for (const other of [
    kept('name = "next"\nversion = 5\n'),
    kept('version = 4\n'),
    kept(newer, new Uint8Array(32).fill(8)),
    kept(newer, KEY, 'other'),
    Uint8Array.of(1),
  ]) {
    expect(prepared([file], other).rollout.plan.sought.version).toBe(5);
  }
});

test('a state file that is none is not taken for one, nor overwritten', () => {
  using place = scratch();
  const good = { v: 1 };
  for (const text of ['', '{', '[]', 'null', JSON.stringify(good)]) {
    const state = place.write('state.json', text);
    const argv = [place.at('p.toml'), '--canary', '5%', '--state-file', state];
    expect(() => opened(argv, null)).toThrow('this is no state of a push');
    expect(readFileSync(state, 'utf8')).toBe(text);
  }
  expect(readPushFile(place.at('none.json'))).toBeNull();
});

test('a rollout that another process is at is left to it, and it is said which; a lock that nobody holds is none', async () => {
  using place = scratch();
  const argv = [place.at('p.toml'), '--signing-key-file', place.at('key'), '--all'];
  const push = [...argv, '--broker', 'mqtt://127.0.0.1:9', '--canary', '1'];
  const state = `${place.at('p.toml')}.rollout.json`;
  const held = lockRollout(state);
  const refused = await pushed(...push);
  expect([refused.code, refused.said]).toEqual([1, expect.stringContaining(`${state}: another`)]);
  expect(refused.said).toContain(`process ${process.pid} since 20`);
  expect(refused.said).toContain(`kill -INT ${process.pid}`);
  expect(refused.said).toContain('or name another --state-file');
  expect((await pushed(...push, '--abort')).said).toContain('another jvpn policy push');
  held[Symbol.dispose]();
  place.write('p.toml.rollout.json.lock', 'process 1 since yesterday\n');
  lockRollout(state)[Symbol.dispose]();
  expect(existsSync(`${state}.lock`)).toBeFalse();
});
