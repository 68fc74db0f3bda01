/**
 * Rules about what is sent a second time: good and bad stories, most of them of a hub that sends data to its device.
 *
 * @module
 */
import { BITMAP_BYTES } from '../../../../session/wire/layout.ts';
import { Resends } from '../../../sim/checkers/resends.ts';
import type { Report, Sent, Watch } from '../../../sim/checkers/watch.ts';
import { framed, fromHub, type Rule, recordOf, said, sealed, sent } from './observed.ts';

const MAX_AGE_MS = 2_000;
const PACKET = new Uint8Array(64);

const make = (report: Report): Watch => new Resends(report, true, MAX_AGE_MS);

/** Data with `counter` under the keypair that the device calls `receiver`. */
const data = (receiver: number, counter: number, change: Partial<Sent> = {}) =>
  fromHub(sealed('data', PACKET, { receiver, counter }), change);

/** The device says that nothing of this keypair arrived, for the claim with `stateVersion`. */
const lacks = (keypairIndex: number, stateVersion = 1) => {
  const bitmap = new Uint8Array(BITMAP_BYTES);
  const nothing = { keypairIndex, counterMax: -1, bitmap };
  return sent(framed({ type: 'received', ...nothing, stateVersion, round: 0, bytesPerSecond: 0 }));
};

const up = (bytes: Sent, atMs: number): Sent => ({
  ...bytes,
  from: 'device-0',
  to: 'hub-0',
  isUp: true,
  atMs,
});
const attached = said({
  event: 'transition',
  from: 'RECOVERING',
  to: 'ATTACHED',
  atMs: 100,
  detail: { trigger: 'reattach_accepted', purpose: 'recovery' },
});

/** A device recovers at 100, sends what is new, and then again what it sent first at `sentAtMs`. */
function goOn(watch: Watch, sentAtMs: number, againAtMs: number): void {
  const first = up(data(7, 0), sentAtMs);
  if (sentAtMs < 100) tell(watch, first);
  watch.onSaid?.(attached);
  if (sentAtMs >= 100) tell(watch, first);
  tell(watch, up(data(7, 1), 102), { ...lacks(7), from: 'hub-0', to: 'device-0', isUp: false });
  tell(watch, up(data(7, 0), againAtMs));
}

function tell(watch: Watch, ...datagrams: readonly Sent[]): void {
  for (const datagram of datagrams) watch.onSent?.(datagram);
}

/** To an address that the NAT has forgotten. */
const FORGOTTEN = { to: null };

// biome-ignore format: a story a line
export const RESEND_RULES: readonly Rule[] = [
  {
    rule: 'I5 resentIsYoung', make,
    good: (watch) => tell(watch, data(7, 0), lacks(7), data(7, 0, { atMs: MAX_AGE_MS })),
    bad: (watch) => tell(watch, data(7, 0), lacks(7), data(7, 0, { atMs: MAX_AGE_MS + 100 })),
  },
  {
    rule: 'I5 resentKeypair', make,
    good: (watch) => tell(watch, data(7, 0), data(8, 0), lacks(7), data(7, 0)),
    bad: (watch) => tell(watch, data(7, 0), data(8, 0), data(9, 0), lacks(7), data(7, 0)),
  },
  {
    // What went to a forgotten address went out under the current keypair all the same.
    rule: 'I5 resentKeypair', make,
    good: (watch) => tell(watch, data(7, 0, FORGOTTEN), lacks(7), data(7, 0)),
    bad: (watch) => tell(watch, data(7, 0), lacks(8), data(8, 0, FORGOTTEN), lacks(9), data(9, 0, FORGOTTEN), lacks(7), data(7, 0)),
  },
  {
    // Keypairs of other devices count for nothing.
    rule: 'I5 resentKeypair', make,
    good: (watch) => tell(watch, data(7, 0), data(8, 0, { to: 'device-1' }), data(9, 0, { to: 'device-1' }), lacks(7), data(7, 0)),
    bad: (watch) => tell(watch, data(7, 0), data(8, 0), data(9, 0, FORGOTTEN), data(9, 1), lacks(7), data(7, 0, FORGOTTEN)),
  },
  {
    rule: 'I5 resentIsAsked', make,
    good: (watch) => tell(watch, data(7, 0), lacks(7), data(7, 0)),
    bad: (watch) => tell(watch, data(7, 0), lacks(8), data(7, 0)),
  },
  {
    rule: 'I5 resentOnce', make,
    good: (watch) => tell(watch, data(7, 0), lacks(7), data(7, 0), lacks(7, 2), data(7, 0)),
    bad: (watch) => tell(watch, data(7, 0), lacks(7), data(7, 0), lacks(7), data(7, 0)),
  },
  {
    rule: 'I5 olderFirst', make,
    good: (watch) => {
      tell(watch, data(7, 0), data(7, 1), lacks(7), data(7, 0), data(7, 1), data(7, 2), lacks(7, 2));
      watch.onLearned?.('hub-0', recordOf());
      tell(watch, data(7, 2));
    },
    bad: (watch) => tell(watch, data(7, 0), data(7, 1), lacks(7), data(7, 0), data(7, 2, FORGOTTEN), data(7, 1)),
  },
  {
    // Whether the hub has ever told before or not.
    rule: 'I5 olderFirst', make,
    good: (watch) => goOn(watch, 0, 150),
    bad: (watch) => goOn(watch, 0, 149),
  },
  {
    // What was first sent over the binding itself waited for nothing: a rebind asked for it.
    rule: 'I5 olderFirst', make,
    good: (watch) => goOn(watch, 101, 110),
    bad: (watch) => goOn(watch, 99, 110),
  },
];
