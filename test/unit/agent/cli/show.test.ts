import { expect, test } from 'bun:test';
import {
  denialOf,
  eventLines,
  linkLines,
  policyLines,
  statusLines,
} from '../../../../agent/cli/show.ts';
import { denialAnswer } from '../../../../agent/denial.ts';
import { reasonOf } from '../../../../session/reasons.ts';
import { statusOn } from '../../../lab/reporting.ts';

const NOTICE = {
  link: 'wwan0',
  code: 'markRefused',
  detail: 'SO_MARK: EPERM',
  sentence: 'It was refused.',
  hint: 'Grant it.',
};

test('status says what the system refused to a link, and what would help', () => {
  const lines = statusLines({ ...statusOn('eth0'), link_notices: [NOTICE] });
  const at = lines.indexOf('wwan0: It was refused. (markRefused: SO_MARK: EPERM)');
  expect(at).toBeGreaterThan(lines.findIndex((line) => line.startsWith('wwan0 ')));
  expect(lines[at + 1]).toBe('  Grant it.');
});

test('status says that an emergency holds, which and until when, and nothing where none does', () => {
  const documents = { emergency: 7, emergency_expires_s: 1_795_910_400 };
  expect(statusLines({ ...statusOn('eth0'), documents })).toContain(
    'EMERGENCY, version 7, until 2026-11-29T00:00:00Z: a signed document tightens the policy',
  );
  const calm = { emergency: null, emergency_expires_s: null };
  for (const without of [calm, null, undefined]) {
    const lines = statusLines({ ...statusOn('eth0'), documents: without });
    expect(lines.filter((line) => line.includes('EMERGENCY'))).toEqual([]);
  }
});

test('links and status print the hint of a link that never answered, once, whatever addresses the hub has', () => {
  const { links } = statusOn('eth0');
  const { sentence, hint } = reasonOf('link_unanswered');
  const notice = { code: 'link_unanswered', sentence, hint } as const;
  const told = links.flatMap((link) =>
    link.link === 'wwan0'
      ? [
          { ...link, notice },
          { ...link, notice },
        ]
      : [link],
  );
  for (const lines of [linkLines(told), statusLines({ ...statusOn('eth0'), links: told })]) {
    const said = lines.filter((line) => line.includes(sentence));
    expect(said).toEqual([`wwan0: ${sentence} (link_unanswered)`]);
    expect(lines[lines.indexOf(said[0]!) + 1]).toBe(`  ${hint}`);
  }
  expect(linkLines(links).join('\n')).not.toContain('link_unanswered');
});

test('nothing refused, or a daemon that does not know the word: nothing said', () => {
  const { link_notices: none, ...older } = statusOn('eth0');
  expect(none).toEqual([]);
  expect(statusLines(older)).toEqual(statusLines(statusOn('eth0')));
  expect(statusLines(older).join('\n')).not.toContain('refused');
});

test('another policy: which daemon follows it, and what of it has to wait', () => {
  const answer = { role: 'hub', name: 'v7', version: 7, needs_restart: [] };
  const inForce = 'hub: policy "v7", version 7, is in force';
  expect(policyLines(answer)).toEqual([inForce]);
  const waiting = { ...answer, needs_restart: ['resend.buffer_bytes'] };
  expect(policyLines(waiting)).toEqual([inForce, 'after a restart only: resend.buffer_bytes']);
});

test('status says for what the binding is held', () => {
  const isHeld = { ...statusOn('eth0'), binding_held_for: 'operator_rebind' };
  expect(statusLines(isHeld).find((line) => line.startsWith('binding held for'))).toEndWith(
    ' operator_rebind',
  );
});

test('rebind says what was in its way, in a sentence', () => {
  expect(denialOf(denialAnswer(null))).toBeNull();
  // A daemon of another version.
  expect(denialOf({ asked: true })).toBeNull();
  expect(denialOf(denialAnswer('claim_under_way'))).toBe(
    'Another claim is under way; it is answered in a moment, ask again then. (claim_under_way)',
  );
  expect(denialOf(denialAnswer('cooldown_active'))).toBe(
    `${reasonOf('cooldown_active').sentence} (cooldown_active)`,
  );
});

test('events of several devices say whose they are', () => {
  const row = { ts_ms: 0, event: 'notice', reason_code: 'switch_denied', state_version: 7 };
  const of = (...devices: readonly string[]) =>
    eventLines(devices.map((device) => ({ ...row, device }))).map((line) => line.split(/ +/)[1]);
  expect(of('one=', 'one=')).toEqual(['notice', 'notice']);
  expect(of('one=', 'two=')).toEqual(['one=', 'two=']);
});

test('events say what was in the way', () => {
  const row = { ts_ms: 0, event: 'notice', reason_code: 'switch_denied', state_version: 7 };
  const lines = eventLines([
    { ...row, detail: { denied: 'cooldown_active' } },
    { ...row, detail: { why: 'claim_under_way' } },
    { ...row, detail: {} },
    row,
  ]);
  expect(lines.map((line) => line.split(/ {2,}/).at(-1))).toEqual([
    ...['cooldown_active', 'claim_under_way', '–', '–'],
  ]);
});
