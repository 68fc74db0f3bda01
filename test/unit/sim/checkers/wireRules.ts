/**
 * Rules about what is on the wire: good and bad stories.
 *
 * @module
 */
import { encodeInitiation, encodeResponse } from '../../../../session/wire/handshake.ts';
import { Ages } from '../../../sim/checkers/ages.ts';
import { Claims } from '../../../sim/checkers/claims.ts';
import { Denials } from '../../../sim/checkers/denials.ts';
import { Doors } from '../../../sim/checkers/doors.ts';
import { Rebinds } from '../../../sim/checkers/rebinds.ts';
import { Seals } from '../../../sim/checkers/seals.ts';
import type { Report, Watch } from '../../../sim/checkers/watch.ts';
import { Wire } from '../../../sim/checkers/wire.ts';
import { INTRUDER } from '../../../sim/network/intruder.ts';
import {
  claimed,
  claimOf,
  DATA,
  framed,
  fromHub,
  moved,
  type Rule,
  recordOf,
  said,
  saidByHub,
  sealed,
  sent,
} from './observed.ts';

const wire = (report: Report): Watch =>
  new Wire(report, { deviceOf: () => 'key', record: () => recordOf() });
const doors = (report: Report): Watch => new Doors(report, () => false);
const rebinds = (report: Report): Watch => new Rebinds(report, false);
const seals = (report: Report): Watch => new Seals(report, true);
/** By whose clock a message says when it was sent. */
const ages = (report: Report): Watch => {
  let nowMs = 0;
  const watch = new Ages(report, () => nowMs);
  return {
    onSent: (message) => {
      nowMs = message.atMs;
      watch.onSent(message);
    },
    onDeath: (who) => watch.onDeath(who),
  };
};
const denials = (report: Report): Watch => new Denials(report, false);
const claims = (report: Report): Watch => new Claims(report, false);

const response = (receiver: number) =>
  encodeResponse({ sender: 1, receiver, noise: new Uint8Array(48) });
const initiation = (sender: number) => encodeInitiation({ sender, noise: new Uint8Array(108) });
const hint = said({ reasonCode: 'clock_hint_used' });

const INNER = new TextEncoder().encode('an inner packet: JVSM, and more');

/** A hub says a hundred times within a minute that the session has ended. */
function deny(watch: Watch, view: 'terminated' | 'carrying'): void {
  const ack = { type: 'probeAck', probeId: 1, view, transportId: 1, stateVersion: 1 } as const;
  const bytes = framed({ ...ack, token: new Uint8Array(8) });
  for (let count = 0; count < 100; count++) watch.onSent?.(fromHub(bytes, { atMs: count }));
  watch.onSent?.(sent(DATA, { atMs: 60_000 }));
}

const reattach = (stateVersion: number, nonce = claimOf(stateVersion).nonce) =>
  sent(
    framed({
      ...{ type: 'reattach', claim: claimOf(stateVersion, nonce), proof: new Uint8Array(32) },
      ...{ token: null, linkKind: 'lte', linkName: 'lte0', purpose: 'recovery' },
      ...{ reasonCode: 'heartbeat_timeout', mtuBytes: null, noticeMs: null },
    }),
  );

const TOKEN = new Uint8Array(8).fill(3);
const dataTo = (target: string, counter: number, atMs: number) =>
  fromHub(sealed('data', INNER, { counter }), { target, atMs });

/** The hub asks `new`, which answers at 10; then two datagrams go to the old address, and to each of `copiedTo`. */
function rebind(watch: Watch, copiedTo: string | null, isAnswered = true): void {
  const challenge = framed({ type: 'challenge', token: TOKEN, claim: null });
  watch.onSent?.(fromHub(challenge, { target: 'new' }));
  const response = framed({ type: 'response', token: TOKEN, isMine: false });
  if (isAnswered) watch.onArrived?.({ atMs: 10, to: 'hub-0', bytes: response });
  for (const [counter, atMs] of [
    [1, 70],
    [2, 80],
  ] as const) {
    watch.onSent?.(dataTo('old', counter, atMs));
    if (copiedTo !== null) watch.onSent?.(dataTo(copiedTo, counter, atMs));
  }
  watch.onSaid?.(
    saidByHub({ reasonCode: 'nat_rebind', atMs: 100, detail: { source: 'new', oldSource: 'old' } }),
  );
}

/** What was sent in the moment of a switch goes out again to where the device is now. */
function resentAtOnce(watch: Watch, event: 'switch' | 'notice'): void {
  watch.onSent?.(dataTo('old', 1, 70));
  watch.onSaid?.(saidByHub({ event, reasonCode: 'switch_committed', atMs: 70 }));
  watch.onSent?.(dataTo('new', 1, 70));
  watch.onSent?.(dataTo('new', 2, 80));
}

// biome-ignore format: a story a line
export const WIRE_RULES: readonly Rule[] = [
  {
    rule: 'I6 hubData', make: wire,
    good: (watch) => { watch.onLearned?.('hub-0', recordOf()); watch.onSent?.(fromHub(DATA)); },
    bad: (watch) => watch.onSent?.(fromHub(DATA)),
  },
  {
    rule: 'I6 hubData', make: wire,
    good: (watch) => { watch.onLearned?.('hub-0', recordOf()); watch.onSent?.(fromHub(DATA)); },
    bad: (watch) => { watch.onLearned?.('hub-1', recordOf()); watch.onSent?.(fromHub(DATA, { from: 'hub-1' })); },
  },
  {
    rule: 'I6 hubData', make: wire,
    good: (watch) => { watch.onLearned?.('hub-0', recordOf()); watch.onSent?.(fromHub(DATA)); },
    bad: (watch) => { watch.onLearned?.('hub-0', recordOf({ terminated: 'shutdown' })); watch.onSent?.(fromHub(DATA)); },
  },
  {
    rule: 'I1 hubInDoubt', make: wire,
    good: (watch) => { watch.onLearned?.('hub-0', recordOf()); watch.onDoubt?.('hub-0', 'key', true); watch.onDoubt?.('hub-0', 'key', false); watch.onSent?.(fromHub(DATA)); },
    bad: (watch) => { watch.onLearned?.('hub-0', recordOf()); watch.onDoubt?.('hub-0', 'key', true); watch.onSent?.(fromHub(DATA)); },
  },
  {
    rule: 'I1 hubBinding', make: wire,
    good: (watch) => { watch.onLearned?.('hub-0', recordOf()); watch.onSent?.(fromHub(DATA)); },
    bad: (watch) => { watch.onLearned?.('hub-0', recordOf()); watch.onSent?.(fromHub(DATA, { transportId: 2 })); },
  },
  {
    rule: 'I1 deviceBinding', make: wire,
    good: (watch) => {
      watch.onSaid?.(moved('BIRTH', 'ATTACHED', { detail: { trigger: 'attach_accepted', transportId: 1 } }));
      watch.onSent?.(sent(DATA));
      watch.onSaid?.(moved('ATTACHED', 'RECOVERING'));
      watch.onSaid?.(claimed(2, { transportId: 2 }));
      watch.onSent?.(sent(DATA, { transportId: 2 }));
    },
    bad: (watch) => {
      watch.onSaid?.(moved('BIRTH', 'ATTACHED', { detail: { trigger: 'attach_accepted', transportId: 1 } }));
      watch.onSent?.(sent(DATA, { transportId: 2 }));
    },
  },
  {
    rule: 'I1 deviceBinding', make: wire,
    good: () => {},
    bad: (watch) => {
      watch.onSaid?.(moved('BIRTH', 'ATTACHED', { detail: { trigger: 'attach_accepted', transportId: 1 } }));
      watch.onSaid?.(moved('ATTACHED', 'RECOVERING'));
      watch.onSent?.(sent(DATA));
    },
  },
  {
    rule: 'I4 claimSent', make: claims,
    good: (watch) => { for (const version of [1, 1, 2]) watch.onSent?.(reattach(version)); },
    bad: (watch) => { watch.onSent?.(reattach(1)); watch.onSent?.(reattach(1, 'f'.repeat(16))); },
  },
  {
    rule: 'I4 claimSent', make: claims,
    good: (watch) => { watch.onSent?.(reattach(2)); watch.onDeath?.('device-0'); watch.onForgotten?.('device-0', 'all'); watch.onSent?.(reattach(1)); },
    bad: (watch) => { watch.onSent?.(reattach(2)); watch.onDeath?.('device-0'); watch.onForgotten?.('device-0', 'newest'); watch.onSent?.(reattach(1)); },
  },
  {
    rule: 'I4 claimSent', make: claims,
    good: (watch) => { watch.onSent?.(reattach(1)); watch.onDeath?.('hub-0'); watch.onSent?.(reattach(1)); },
    bad: (watch) => { watch.onSent?.(reattach(1)); watch.onDeath?.('device-0'); watch.onSent?.(reattach(1)); },
  },
  {
    rule: 'I9 strayTarget', make: doors,
    good: (watch) => watch.onSent?.(fromHub(DATA)),
    bad: (watch) => watch.onSent?.(fromHub(DATA, { to: INTRUDER })),
  },
  {
    rule: 'I5 answeredOnce', make: doors,
    good: (watch) => {
      watch.onSent?.(fromHub(response(1)));
      watch.onSent?.(fromHub(response(2)));
      watch.onSent?.(fromHub(response(1), { to: 'device-1' }));
      watch.onSent?.(fromHub(response(1), { from: 'hub-1' }));
      watch.onDeath?.('hub-0');
      watch.onSent?.(fromHub(response(1)));
    },
    bad: (watch) => { watch.onSent?.(fromHub(response(1))); watch.onDeath?.('hub-1'); watch.onSent?.(fromHub(response(1))); },
  },
  {
    rule: 'I4 timestamps', make: doors,
    good: (watch) => { watch.onSent?.(sent(initiation(5))); watch.onSent?.(fromHub(response(5))); watch.onSaid?.(hint); },
    bad: (watch) => { watch.onSent?.(sent(initiation(5))); watch.onSaid?.(hint); },
  },
  {
    rule: 'I9 strayDatagram', make: seals,
    good: (watch) => { watch.onSent?.(sent(DATA)); watch.onSent?.(sent(initiation(1))); },
    bad: (watch) => watch.onSent?.(sent(initiation(1).subarray(0, 100))),
  },
  {
    rule: 'I9 exposed', make: seals,
    good: (watch) => watch.onSent?.(sent(sealed('data', INNER.map((byte) => byte ^ 1)))),
    bad: (watch) => watch.onSent?.(sent(sealed('data', INNER))),
  },
  {
    rule: 'I12 nonceOnce', make: seals,
    good: (watch) => {
      watch.onSent?.(sent(sealed('data', Uint8Array.of(1))));
      watch.onSent?.(sent(sealed('data', Uint8Array.of(1))));
      watch.onSent?.(sent(sealed('data', Uint8Array.of(2), { counter: 1 })));
      watch.onSent?.(sent(sealed('control', Uint8Array.of(2))));
    },
    bad: (watch) => { watch.onSent?.(sent(sealed('data', Uint8Array.of(1)))); watch.onSent?.(sent(sealed('data', Uint8Array.of(2)))); },
  },
  {
    rule: 'I9 expiredSeal', make: ages,
    good: (watch) => {
      for (const atMs of [0, 180_000]) watch.onSent?.(sent(DATA, { atMs }));
      watch.onSent?.(sent(sealed('data', INNER, { receiver: 8 }), { atMs: 200_000 }));
    },
    bad: (watch) => { for (const atMs of [0, 180_003]) watch.onSent?.(sent(DATA, { atMs })); },
  },
  {
    // An hour while nothing but control frames went; another process has keys of its own.
    rule: 'I9 expiredSeal', make: ages,
    good: (watch) => {
      for (const atMs of [0, 3_660_000]) watch.onSent?.(fromHub(sealed('control', INNER), { atMs }));
      watch.onDeath?.('hub-0');
      watch.onSent?.(fromHub(sealed('control', INNER), { atMs: 3_700_000 }));
    },
    bad: (watch) => { for (const atMs of [0, 3_660_003]) watch.onSent?.(fromHub(sealed('control', INNER), { atMs })); },
  },
  {
    rule: 'I1 deniedBinding', make: denials,
    good: (watch) => deny(watch, 'carrying'),
    bad: (watch) => deny(watch, 'terminated'),
  },
  {
    rule: 'liveness bothAddresses', make: rebinds,
    good: (watch) => rebind(watch, 'new'),
    bad: (watch) => rebind(watch, null),
  },
  {
    rule: 'I9 copiedWhereAnswered', make: rebinds,
    good: (watch) => rebind(watch, 'new'),
    bad: (watch) => rebind(watch, 'new', false),
  },
  {
    rule: 'I9 copiedWhereAnswered', make: rebinds,
    good: (watch) => resentAtOnce(watch, 'switch'),
    bad: (watch) => resentAtOnce(watch, 'notice'),
  },
];
