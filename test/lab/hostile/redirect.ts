/**
 * Case 4: somebody on the path sends the device's newest packets on from an address of its own.
 *
 * `race`: the originals are dropped for a moment, so that copies alone come, and the hub asks; then the path is as before, and
 * the answer comes from where it should. `suppress`: the originals do not come at all for longer than a challenge waits, and the
 * challenge to the old address is let through, but no answer. In both the attacker has no keys: what it was challenged with it
 * cannot answer. Nobody is overtaken here; copies that come first, and originals that come all the same, are in `racer.ts`.
 *
 * @module
 */
import { monotonicMs } from '../libc.ts';
import { eventually } from '../process.ts';
import { type Arena, DEVICE, HUB_END } from './arena.ts';
import { seatOf } from './gauge.ts';
import { askedAndRefused, judged } from './otherAddress.ts';
import { type Attack, during, type Outcome } from './outcome.ts';
import { endText, type TappedDatagram, type UdpEnd } from './packet.ts';
import type { Forger, Tap } from './raw.ts';

const ATTACKER: UdpEnd = { address: '198.18.4.4', port: 4_444 };
const DROP = `ip daddr ${HUB_END.address} udp dport ${HUB_END.port} drop`;
const DROP_BACK = `ip saddr ${HUB_END.address} udp sport ${HUB_END.port} drop`;
const HALF_MS = 1_000;
/** Shorter than the hub waits for the old address. */
const RACE_MS = 40;
/** At most one challenge a second: the next round is to be asked about, too. */
const ROUND_MS = 1_200;
/** Longer than a trial lasts. */
const SUPPRESS_MS = 1_400;

export async function redirectRace(arena: Arena, rounds: number): Promise<Outcome> {
  return during(
    arena,
    'on-path redirection, race',
    async () => {
      const seen = arena.hubAudit().length;
      const attack = await redirected(arena, RACE_MS, rounds);
      return askedAndRefused(attack, arena.hubAudit(seen));
    },
    { isAllCounted: false, pingsLostMax: rounds * 3 * arena.waves },
  );
}

export async function redirectSuppress(arena: Arena): Promise<Outcome> {
  return during(
    arena,
    'on-path redirection, originals gone',
    () => redirected(arena, SUPPRESS_MS, 1),
    // The device finds its way dead and claims again: that is what a dropped path is for.
    { isAllCounted: false, isUntouched: false, pingsLostMax: 80 * arena.waves },
  );
}

/**
 * The attacker shows its address for a moment, keeps the hub's challenge to the old one from the device, and passes on the
 * one that came to itself; the device answers that from its own address, which proves nothing about the attacker's.
 */
export async function redirectHalf(arena: Arena): Promise<Outcome> {
  return during(
    arena,
    'on-path redirection, answer elsewhere',
    async () => {
      const lan = arena.tap('lan');
      const wan = arena.tap('wan');
      const before = await seatOf(arena.site, DEVICE);
      const forger = arena.forger();
      const back = arena.forger(await arena.deviceEnd());
      const got: TappedDatagram[] = [];
      let isAdopted = false;
      await arena.net.path([DROP, DROP_BACK]);
      const untilMs = monotonicMs() + HALF_MS;
      let isOpen = false;
      while (monotonicMs() < untilMs) {
        if (!isOpen) sendOn(lan, forger);
        for (const datagram of wan.datagrams()) {
          if (datagram.target.address !== ATTACKER.address) continue;
          got.push(datagram);
          back.send(datagram.payload, HUB_END);
        }
        if (!isOpen && got.length > 0) {
          await arena.net.path([DROP_BACK]);
          isOpen = true;
        }
        const { binding, is_source_validated: isValidated } = await seatOf(arena.site, DEVICE);
        if (binding?.endsWith(`→${endText(ATTACKER)}`) === true && isValidated) isAdopted = true;
      }
      await arena.net.path([]);
      await eventually(
        'the session carries where it did',
        async () => {
          const { binding, is_carrying: isCarrying } = await seatOf(arena.site, DEVICE);
          return isCarrying && binding === before.binding;
        },
        20_000,
      );
      const attack = judged(got, forger, isAdopted);
      const faults = [
        ...(attack.faults ?? []),
        ...(back.sentCount > 0 ? [] : ['there was no challenge to pass on']),
      ];
      return { ...attack, faults };
    },
    { isAllCounted: false, isUntouched: false, pingsLostMax: 60 * arena.waves },
  );
}

/**
 * The attacker passes everything both ways: for the hub it is a NAT that appeared, and nothing tells it from one. Its
 * address is taken, but only when the device has answered through it; what it gets is sealed; and when it goes, the
 * session goes on where it was.
 */
export async function redirectRelay(arena: Arena): Promise<Outcome> {
  return during(
    arena,
    'on-path relay, as a NAT',
    async () => {
      const lan = arena.tap('lan');
      const wan = arena.tap('wan');
      const before = await seatOf(arena.site, DEVICE);
      const forger = arena.forger();
      const back = arena.forger(await arena.deviceEnd());
      const seen = arena.hubAudit().length;
      await arena.net.path([DROP]);
      const isThere = async () => {
        for (let at = 0; at < 20; at += 1) {
          sendOn(lan, forger);
          for (const { payload, target } of wan.datagrams()) {
            if (target.address === ATTACKER.address) back.send(payload, HUB_END);
          }
          await Bun.sleep(2); // pace of the relay
        }
        const { binding, is_source_validated: isValidated } = await seatOf(arena.site, DEVICE);
        return binding?.endsWith(`→${endText(ATTACKER)}`) === true && isValidated;
      };
      await eventually('the relay is taken for a NAT', isThere, 20_000);
      await arena.net.path([]);
      const isHome = async () => {
        const { binding, is_carrying: isCarrying } = await seatOf(arena.site, DEVICE);
        return isCarrying && binding === before.binding;
      };
      await eventually('the session is where it was', isHome, 20_000);
      const codes = arena.hubAudit(seen).map(({ reason_code }) => reason_code);
      const after = await seatOf(arena.site, DEVICE);
      return {
        sent: forger.sentCount,
        sentBytes: forger.sentBytes,
        answered: back.sentCount,
        answeredBytes: back.sentBytes,
        notes: [`reported: ${[...new Set(codes)].join(', ')}`],
        faults: [
          ...(codes.includes('challenge_sent') ? [] : ['an address was taken without a challenge']),
          ...(after.session_id === before.session_id ? [] : ['the session is another one']),
        ],
      };
    },
    // A relay in TypeScript is slow and drops; what it holds up is its own.
    { isAllCounted: false, isUntouched: false, pingsLostMax: 200 * arena.waves },
  );
}

async function redirected(arena: Arena, suppressMs: number, rounds: number): Promise<Attack> {
  const lan = arena.tap('lan');
  const wan = arena.tap('wan');
  const forger = arena.forger();
  const before = await seatOf(arena.site, DEVICE);
  const attackers = `→${endText(ATTACKER)}`;
  let isAdopted = false;
  for (let round = 0; round < rounds; round += 1) {
    await arena.net.path([DROP]);
    lan.packets();
    const untilMs = monotonicMs() + suppressMs;
    while (monotonicMs() < untilMs) {
      sendOn(lan, forger);
      const { binding, is_source_validated: isValidated } = await seatOf(arena.site, DEVICE);
      // A claim that came from there names it as the binding; nothing goes there before it has answered.
      if (binding?.endsWith(attackers) === true && isValidated) isAdopted = true;
    }
    await arena.net.path([]);
    await Bun.sleep(ROUND_MS);
  }
  await eventually(
    'the session carries where it did',
    async () => {
      const { binding, is_carrying: isCarrying } = await seatOf(arena.site, DEVICE);
      return isCarrying && binding === before.binding;
    },
    20_000,
  );
  const got = wan.datagrams().filter(({ target }) => target.address === ATTACKER.address);
  return judged(got, forger, isAdopted);
}

function sendOn(lan: Tap, forger: Forger): void {
  for (const { payload, target } of lan.datagrams()) {
    if (target.port === HUB_END.port) forger.send(payload, ATTACKER);
  }
}
