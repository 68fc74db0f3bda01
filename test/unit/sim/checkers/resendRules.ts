/**
 * Rules about what is sent a second time: good and bad stories, most of them of a hub that sends data to its device.
 *
 * @module
 */
import { BITMAP_BYTES } from '../../../../session/wire/layout.ts';
import { type KindOf, Resends } from '../../../sim/checkers/resends.ts';
import type { Report, Sent, Watch } from '../../../sim/checkers/watch.ts';
import { framed, fromHub, type Rule, recordOf, said, saidByHub, sealed, sent } from './observed.ts';

const MAX_AGE_MS = 2_000;
const PACKET = new Uint8Array(64);
/** The hub sends over this one unless a story says otherwise. */
const ETHERNET = 1;
const LTE = 2;

const kindOf: KindOf = (_, transportId) => (transportId === LTE ? 'lte' : 'ethernet');

const make = (report: Report): Watch => new Resends(report, true, MAX_AGE_MS, kindOf);

/** Data with `counter` under the keypair that the device calls `receiver`. */
const data = (receiver: number, counter: number, change: Partial<Sent> = {}) =>
  fromHub(sealed('data', PACKET, { receiver, counter }), change);

/** The device says that nothing of this keypair arrived, for the claim with `stateVersion`. */
const lacks = (keypairIndex: number, stateVersion = 1, round = 0) => {
  const bitmap = new Uint8Array(BITMAP_BYTES);
  const nothing = { keypairIndex, counterMax: -1, bitmap };
  return sent(framed({ type: 'received', ...nothing, stateVersion, round, bytesPerSecond: 0 }));
};

const up = (bytes: Sent, atMs: number): Sent => ({
  ...bytes,
  from: 'device-0',
  to: 'hub-0',
  isUp: true,
  target: 'hub',
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

/** A device claims to stay with version 2; before the answer comes its NAT gives it another address. */
function rebindBefore(watch: Watch, answer: Sent): void {
  const toDevice = { from: 'hub-0', to: 'device-0', isUp: false };
  tell(watch, up(data(7, 0), 1), up(data(7, 1), 2));
  watch.onSaid?.(said({ event: 'claim', stateVersion: 2, atMs: 10, detail: { purpose: 'stay' } }));
  watch.onSaid?.(saidByHub({ event: 'notice', reasonCode: 'nat_rebind', atMs: 20 }));
  tell(watch, { ...lacks(7, 1, 1), ...toDevice }, up(data(7, 0), 30), up(data(7, 2), 100));
  tell(watch, { ...answer, ...toDevice }, up(data(7, 1), 150));
}

function tell(watch: Watch, ...datagrams: readonly Sent[]): void {
  for (const datagram of datagrams) watch.onSent?.(datagram);
}

/** `count` packets of 1,400 bytes that nobody got go out again, so many each time, every 2 ms. */
function again(
  watch: Watch,
  count: number,
  atOnce: number,
  { bytes = 1_400, transportId = LTE, exchanges = 1 } = {},
): void {
  const full = new Uint8Array(bytes);
  const packets = Array.from({ length: count }, (_, counter) =>
    fromHub(sealed('data', full, { receiver: 7, counter }), { transportId }),
  );
  tell(watch, ...packets);
  let atMs = 100;
  for (let version = 1; version <= exchanges; version++) {
    tell(watch, { ...lacks(7, version), atMs });
    for (const [at, packet] of packets.entries()) {
      if (at > 0 && at % atOnce === 0) atMs += 2;
      tell(watch, { ...packet, atMs });
    }
  }
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
    // A hub that does not know which address its binding has sends to both, in one moment.
    rule: 'I5 resentIsAsked', make,
    good: (watch) => tell(watch, data(7, 0, { atMs: 5, target: 'old' }), data(7, 0, { atMs: 5, target: 'new' })),
    bad: (watch) => tell(watch, data(7, 0, { atMs: 5, target: 'old' }), data(7, 0, { atMs: 6, target: 'new' })),
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
  {
    // An exchange that follows a rebind's is one of its own; its claim's old binding delivered on meanwhile.
    rule: 'I5 olderFirst', make,
    good: (watch) => { rebindBefore(watch, lacks(7, 2)); tell(watch, up(data(7, 3), 151), up(data(7, 2), 152)); },
    bad: (watch) => rebindBefore(watch, lacks(7, 1, 1)),
  },
  {
    // A rebind's own holds newer data back.
    rule: 'I5 olderFirst', make,
    good: (watch) => { rebindBefore(watch, lacks(7, 2, 1)); tell(watch, up(data(7, 2), 152), up(data(7, 3), 153)); },
    bad: (watch) => { rebindBefore(watch, lacks(7, 2, 1)); tell(watch, up(data(7, 3), 151), up(data(7, 2), 152)); },
  },
  {
    // 8 Mbit/s: 2,000 bytes in 2 ms.
    rule: 'I11 resentPaced', make,
    good: (watch) => again(watch, 40, 1),
    bad: (watch) => again(watch, 40, 2),
  },
  {
    rule: 'I11 resentPaced', make,
    good: (watch) => again(watch, 500, 64, { bytes: 64, transportId: ETHERNET }),
    bad: (watch) => again(watch, 500, 100, { bytes: 64, transportId: ETHERNET }),
  },
  {
    // An exchange on the heels of another one begins with full buckets, and each of them once.
    rule: 'I11 resentPaced', make,
    good: (watch) => again(watch, 60, 64, { bytes: 64, transportId: ETHERNET, exchanges: 4 }),
    bad: (watch) => again(watch, 120, 128, { bytes: 64, transportId: ETHERNET, exchanges: 4 }),
  },
];
