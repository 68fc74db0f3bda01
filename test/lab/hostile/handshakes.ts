/**
 * Case 3: a flood of handshakes. mac1 needs the hub's public key only, and everybody has that.
 *
 * Three floods: garbage behind a valid mac1 from many networks; the same without a valid mac1; real initiations of an
 * enrolled device, recorded and played again. During the first a device that the hub has not seen before attaches.
 *
 * @module
 */
import { COOKIES_PER_SECOND_MAX } from '../../../hub/door.ts';
import { INITIATION_BYTES, MESSAGE_TYPE } from '../../../session/wire/messages.ts';
import { monotonicMs } from '../libc.ts';
import { isAttached, untilAudit } from '../site.ts';
import type { Arena } from './arena.ts';
import { ask, type HubStatus } from './gauge.ts';
import { type Attack, type Bounds, during, type Outcome } from './outcome.ts';
import { enrolled, Rogue } from './rogue.ts';
import type { Load } from './storm.ts';

const SOURCES = { base: '198.18.0.1', count: 120_000 };
/** Behind type and reserved bytes, before the macs. */
const BODY = { at: 4, bytes: 112 };
/** Of one core; the rest is for those inside. Chosen: it is a third on an idle machine. */
const CPU_MAX_PERCENT = 80;
/** The hub stays under load for so long after the flood. */
const LOAD_SECONDS = 1;
const RECORDED = 40;
/** 10,000 initiations a second take half of the hub's time; on a machine that others use as well, an echo may be late. */
const BOUNDS: Bounds = { pingsLostMax: 3 };

/** Several times the policy's lower limit for asking cookies is reached within the first second. */
export async function handshakeGarbage(arena: Arena, load: Load): Promise<Outcome> {
  await arena.site.device('newcomer');
  const outcome = await during(
    arena,
    'handshake flood, valid mac1',
    async (wave) => {
      if (wave > 0) {
        const { sent, bytes: sentBytes, rate } = await floodOf(arena, load, arena.hubPublicKey);
        return { sent, sentBytes, rate };
      }
      const flooding = floodOf(arena, load, arena.hubPublicKey);
      const faults: string[] = [];
      const beganAtMs = monotonicMs();
      while (!(await ask<HubStatus>(arena.site, 'hub')).is_under_load) {
        if (monotonicMs() - beganAtMs > load.seconds * 1_000) break;
      }
      const newcomer = arena.site.agent('newcomer');
      const attachedAtMs = await untilAudit(newcomer, 'ATTACHED', isAttached, 30_000).then(
        () => monotonicMs(),
        () => null,
      );
      let isOver = false;
      const flooded = await flooding.finally(() => {
        isOver = true;
      });
      const overAtMs = monotonicMs();
      if (attachedAtMs === null) faults.push('a new device did not attach at all');
      else if (attachedAtMs > overAtMs && isOver) {
        faults.push('a new device attached only when the flood was over');
      }
      await newcomer.stop('SIGTERM');
      const after = Math.round((attachedAtMs ?? Number.NaN) - beganAtMs);
      return {
        sent: flooded.sent,
        sentBytes: flooded.bytes,
        rate: flooded.rate,
        notes: [`a new device was attached ${after} ms after the flood began`],
        faults,
      };
    },
    BOUNDS,
  );
  return withCookies(outcome, load, arena.waves);
}

export async function handshakeBadMac(arena: Arena, load: Load): Promise<Outcome> {
  return during(
    arena,
    'handshake flood, wrong mac1',
    async () => {
      const cookies = async () =>
        (await ask<HubStatus>(arena.site, 'hub')).counters['cookie_sent'] ?? 0;
      const before = await cookies();
      const flooded = await floodOf(arena, load, null);
      const drawn = (await cookies()) - before;
      return {
        sent: flooded.sent,
        sentBytes: flooded.bytes,
        rate: flooded.rate,
        faults: drawn === 0 ? [] : [`${drawn} who do not know the hub were given cookies`],
      };
    },
    BOUNDS,
  );
}

/** Initiations of an enrolled device that lie in front of each other in time, sent again and again. */
export async function handshakeReplayed(arena: Arena, load: Load): Promise<Outcome> {
  const rogue = new Rogue(arena, { address: '198.18.3.3', port: 3_333 });
  await enrolled(arena, rogue, 'recorded');
  const recorded = Array.from({ length: RECORDED }, () =>
    Buffer.from(rogue.initiation()).toString('hex'),
  );
  const outcome = await during(
    arena,
    'handshake flood, replayed',
    async () => {
      const flooded = await arena.flood({
        ...load,
        sources: SOURCES,
        templates: recorded,
        random: [],
        mac1Key: null,
      });
      const { sent, bytes: sentBytes, rate } = flooded;
      return { sent, sentBytes, rate };
    },
    BOUNDS,
  );
  return withCookies(outcome, load, arena.waves);
}

async function floodOf(arena: Arena, load: Load, mac1Key: Uint8Array | null) {
  const template = Buffer.alloc(INITIATION_BYTES);
  template[0] = MESSAGE_TYPE.initiation;
  return arena.flood({
    ...load,
    sources: SOURCES,
    templates: [template.toString('hex')],
    random: [mac1Key === null ? { at: 4, bytes: INITIATION_BYTES } : BODY],
    mac1Key: mac1Key === null ? null : Buffer.from(mac1Key).toString('hex'),
  });
}

/** Cookies engage, no more of them than the hub can afford, and the rest is turned away unread. */
function withCookies(outcome: Outcome, { seconds }: Load, waves: number): Outcome {
  const { cookie_sent: cookies = 0, rate_limited: limited = 0 } = outcome.countedAs;
  const { hub } = outcome.cpuPercent;
  const more: Attack['faults'] = [
    ...(cookies > 0 ? [] : ['nobody was asked for a cookie']),
    ...(cookies <= COOKIES_PER_SECOND_MAX * (seconds + LOAD_SECONDS) * waves
      ? []
      : [`${cookies} cookies are more than the hub can afford`]),
    ...(limited > 0 ? [] : ['nothing was turned away unread']),
    ...(outcome.audited.includes('cookie_sent') ? [] : ['no audit line says so']),
    ...(hub > CPU_MAX_PERCENT ? [`the hub took ${hub} % of a core`] : []),
  ];
  return { ...outcome, faults: [...outcome.faults, ...more] };
}
