/**
 * Rules about what is said of links, by them and of them: good and bad stories.
 *
 * @module
 */
import type { LinkSnapshot } from '../../../../hal/links.ts';
import { Facts } from '../../../sim/checkers/facts.ts';
import { Hearsay } from '../../../sim/checkers/hearsay.ts';
import { Portals } from '../../../sim/checkers/portals.ts';
import type { Report, Watch } from '../../../sim/checkers/watch.ts';
import { DATA, framed, fromHub, moved, type Rule, said, sent } from './observed.ts';

const UP: LinkSnapshot = {
  ...{ name: 'lte0', index: 1, carrier: true, adminUp: true, addresses: ['10.1.0.2'] },
  ...{ networks: [], hasRoute: true, hasRoute4: true, hasRoute6: true, mtu: 1_500 },
};
const hearsay = (report: Report): Watch =>
  new Hearsay(
    report,
    false,
    () => 'lte0',
    (_, channelId) => channelId === 7,
  );

/** Of a device whose link is like `link`, known for 10 ms, and whose one refused send was at 5 s. */
const factsWith = (link: LinkSnapshot) => (report: Report) =>
  new Facts(report, {
    factsOf: () => ({
      ...{ name: 'lte0', told: link, toldAtMs: 9_990, real: link, refusedAtMs: 5_000 },
    }),
    activeId: (who) => (who === 'device-0' ? 1 : null),
  });
const RADIO_GONE = factsWith({ ...UP, radio: 'disconnected' });
const CARRIER_GONE = factsWith({ ...UP, carrier: false });
const ADDRESS_GONE = factsWith({ ...UP, addresses: [] });
const ROUTE_GONE = factsWith({ ...UP, hasRoute: false });
const WELL = factsWith({ ...UP, radio: 'connected' });

/** A device that runs, bound to T2, and what it was told of the link of T1. */
const portals =
  (told: LinkSnapshot) =>
  (report: Report): Watch =>
    new Portals(report, false, {
      factsOf: () => ({ name: 'lte0', told, toldAtMs: 0, real: told, refusedAtMs: null }),
      isAwake: () => true,
      activeId: () => 2,
    });

/** Asked over T1 once a second from 1 s on, and looked at from 4 s on; something of the hub came over it at 1.5 s or not. */
function swallow(
  watch: Watch,
  { isHeard = false, isTold = false, count = 6, hasTurn = true } = {},
): void {
  const down = DATA.slice();
  if (isHeard) watch.onSent?.(fromHub(down, { atMs: 1_400 }));
  if (isHeard) watch.onArrived?.({ atMs: 1_500, to: 'device-0', bytes: down });
  for (let probeId = 1; probeId <= count; probeId++)
    watch.onSent?.(sent(framed({ type: 'probe', probeId }), { atMs: 1_000 * probeId }));
  if (isTold) watch.onSaid?.(notice('link_unanswered'));
  if (hasTurn)
    watch.onSent?.(sent(framed({ type: 'probe', probeId: 99 }), { atMs: 9_000, transportId: 2 }));
  for (let atMs = 4_000; atMs <= 12_000; atMs += 500) watch.onSweep?.(atMs);
}

const question = framed({ type: 'probe', probeId: 1 });
const answer = framed({
  ...{ type: 'probeAck', probeId: 1, view: 'carrying', transportId: 1, stateVersion: 1 },
  token: new Uint8Array(8),
});
const notice = (reasonCode: 'link_unanswered' | 'one_way_in' | 'link_changed', detail = {}) =>
  said({ event: 'notice', atMs: 10_000, reasonCode, detail: { transportId: 1, ...detail } });
const dies = (
  reasonCode:
    | 'heartbeat_timeout'
    | 'local_send_error'
    | 'carrier_lost'
    | 'address_lost'
    | 'route_lost',
  atMs: number,
) => moved('ATTACHED', 'RECOVERING', { reasonCode, atMs, detail: { transportId: 1 } });

/** Dead at 10 s; asked at 9 s, answered or not. */
function ask(watch: Watch, isAnswered: boolean): void {
  watch.onSent?.(sent(question, { atMs: 9_000 }));
  if (isAnswered) watch.onArrived?.({ atMs: 9_050, to: 'device-0', bytes: answer });
}

/** One datagram each way: the hub's arrives at 8 s, the device's at `atMs`. */
function bothWays(watch: Watch, atMs: number): void {
  const [up, down] = [DATA.slice(), DATA.slice()];
  watch.onSent?.(sent(up));
  watch.onSent?.(fromHub(down));
  watch.onArrived?.({ atMs: 8_000, to: 'device-0', bytes: down });
  watch.onSaid?.(said({ event: 'claim', atMs: 9_500, detail: { transportId: 2 } }));
  watch.onArrived?.({ atMs, to: 'hub-0', bytes: up });
  watch.onSaid?.(notice('one_way_in'));
}

// biome-ignore format: a story a line
export const HEARSAY_RULES: readonly Rule[] = [
  {
    rule: 'liveness unaskedVerdict', make: hearsay,
    good: (watch) => { ask(watch, false); watch.onSaid?.(dies('heartbeat_timeout', 10_000)); },
    bad: (watch) => { ask(watch, true); watch.onSaid?.(dies('heartbeat_timeout', 10_000)); },
  },
  {
    // A loss in front of an answer is none of a row.
    rule: 'liveness unaskedVerdict', make: hearsay,
    good: (watch) => {
      ask(watch, true);
      watch.onSent?.(sent(framed({ type: 'probe', probeId: 2 }), { atMs: 9_900 }));
      watch.onSaid?.(dies('heartbeat_timeout', 10_000));
    },
    bad: (watch) => {
      watch.onSent?.(sent(framed({ type: 'probe', probeId: 2 }), { atMs: 8_900 }));
      ask(watch, true);
      watch.onSaid?.(dies('heartbeat_timeout', 10_000));
    },
  },
  {
    rule: 'I8 falseHint', make: hearsay,
    good: (watch) => { ask(watch, false); watch.onSaid?.(notice('link_unanswered')); },
    bad: (watch) => { ask(watch, true); watch.onSaid?.(notice('link_unanswered')); },
  },
  {
    rule: 'I8 portalSaid', make: portals(UP),
    good: (watch) => swallow(watch, { isTold: true }),
    bad: (watch) => swallow(watch),
  },
  {
    // It has answered, so it is no portal.
    rule: 'I8 portalSaid', make: portals(UP),
    good: (watch) => swallow(watch, { isHeard: true }),
    bad: (watch) => swallow(watch),
  },
  {
    // Five in vain may be the misfortune of a modem that starts.
    rule: 'I8 portalSaid', make: portals(UP),
    good: (watch) => swallow(watch, { count: 5 }),
    bad: (watch) => swallow(watch, { count: 6 }),
  },
  {
    // A device that has nothing to do wakes up for nobody.
    rule: 'I8 portalSaid', make: portals(UP),
    good: (watch) => swallow(watch, { hasTurn: false }),
    bad: (watch) => swallow(watch),
  },
  {
    // Up again it is another link, and what was told of it before does not count.
    rule: 'I8 portalSaid', make: portals(UP),
    good: (watch) => { swallow(watch, { isTold: true }); watch.onSweep?.(20_000); },
    bad: (watch) => {
      watch.onSaid?.(notice('link_unanswered'));
      watch.onSaid?.(notice('link_changed', { usable: true, why: null }));
      swallow(watch);
    },
  },
  {
    rule: 'I8 falseOneWay', make: hearsay,
    good: (watch) => bothWays(watch, 9_000),
    bad: (watch) => bothWays(watch, 7_999),
  },
  {
    rule: 'I8 falseFact', make: RADIO_GONE,
    good: (watch) => {
      watch.onSaid?.(dies('carrier_lost', 10_000));
      watch.onSaid?.(dies('local_send_error', 5_000));
    },
    bad: (watch) => watch.onSaid?.(notice('link_changed', { usable: true, why: null })),
  },
  {
    rule: 'I8 falseFact', make: WELL,
    good: (watch) => watch.onSaid?.(notice('link_changed', { usable: true, why: null })),
    bad: (watch) => watch.onSaid?.(dies('carrier_lost', 10_000)),
  },
  {
    rule: 'I8 falseFact', make: WELL,
    good: (watch) => watch.onSaid?.(dies('local_send_error', 5_000)),
    bad: (watch) => watch.onSaid?.(dies('local_send_error', 10_000)),
  },
  {
    rule: 'liveness blindBinding', make: RADIO_GONE,
    good: (watch) => { watch.onBoot?.('device-0'); watch.onSweep?.(9_990); },
    bad: (watch) => { watch.onBoot?.('device-0'); watch.onSweep?.(10_000); },
  },
  {
    rule: 'liveness blindBinding', make: RADIO_GONE,
    good: (watch) => watch.onSent?.(sent(question, { atMs: 10_000 })),
    bad: (watch) => watch.onSent?.(sent(DATA, { atMs: 10_000 })),
  },
  {
    // Told 10 ms ago: whoever gives it up only now did not believe it.
    rule: 'liveness factAtOnce', make: CARRIER_GONE,
    good: (watch) => watch.onSaid?.(dies('carrier_lost', 10_000)),
    bad: (watch) => watch.onSaid?.(dies('heartbeat_timeout', 10_000)),
  },
  {
    rule: 'liveness factAtOnce', make: ADDRESS_GONE,
    good: (watch) => watch.onSaid?.(dies('address_lost', 10_000)),
    bad: (watch) => watch.onSaid?.(dies('local_send_error', 10_000)),
  },
  {
    rule: 'liveness factAtOnce', make: ROUTE_GONE,
    good: (watch) => watch.onSaid?.(dies('heartbeat_timeout', 9_990)),
    bad: (watch) => watch.onSaid?.(dies('heartbeat_timeout', 10_000)),
  },
  ...[CARRIER_GONE, ADDRESS_GONE, ROUTE_GONE, RADIO_GONE].map((make): Rule => ({
    // In the moment in which it is told there is a binding on something else, or none.
    rule: 'liveness factAtOnce', make,
    good: (watch) => watch.onTold?.('nobody', 9_990),
    bad: (watch) => watch.onTold?.('device-0', 9_990),
  })),
];
