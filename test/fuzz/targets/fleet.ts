/**
 * What a broker may hand to `jvpn fleet`: topics and payloads of whoever may publish, one after another.
 *
 * The tape is a history: for each message a byte that says where it goes and how it comes, and the payload. Held against
 * the fleet: nothing throws; each message has one documented outcome; what is refused changes nothing; within one
 * process of a device no number goes back; what is kept of a device is bounded, and survives a restart as JSON.
 *
 * @module
 */
import type { Change } from '../../../fleet/change.ts';
import { Day } from '../../../fleet/day.ts';
import type { Device } from '../../../fleet/device.ts';
import { MESSAGE_OUTCOMES, Registry } from '../../../fleet/registry.ts';
import { rowOf } from '../../../fleet/rows.ts';
import { TWO_PROCESSES } from '../../../fleet/signs.ts';
import { isReasonCode } from '../../../session/reasons.ts';
import { STATES } from '../../../session/transitions.ts';
import type { Random } from '../../sim/random.ts';
import { healthPayload, presencePayload, START_MS } from '../../unit/fleet/sample.ts';
import { Tape, TapeWriter } from '../tape.ts';
import { demand, type Target } from '../target.ts';

const MESSAGES_MAX = 12;
const DEVICES_MAX = 2;
/** Of what is kept of one device, as JSON: 16 gaps, 8 processes, all reason codes, texts of 128. */
const MEMORY_MAX = 16_384;

/** Bits 0 and 1: which device; 2: presence; 3: retained; 4: on another connection; 5: another topic altogether. */
const BITS = { device: 3, presence: 4, retained: 8, reconnected: 16, elsewhere: 32 } as const;

export const fleet: Target = {
  name: 'fleet',
  what: 'topics and payloads that devices publish',
  covers: ['fleet/'],
  bytesMax: 16_384,
  words: [
    'boot',
    'seq',
    'state',
    'online',
    'lost',
    'stopped',
    'counters',
    '{"v":1,',
    '"why":null',
  ].map((word) => new TextEncoder().encode(word)),
  generate(random) {
    const tape = new TapeWriter();
    for (let messages = random.between(1, 4); messages > 0; messages--) {
      const isPresence = random.below(3) === 0;
      const how = (random.below(256) & ~BITS.presence) | (isPresence ? BITS.presence : 0);
      const isElsewhere = random.below(10) === 0;
      tape.byte(isElsewhere ? how | BITS.elsewhere : how & ~BITS.elsewhere);
      tape.block(isPresence ? presence(random) : health(random));
    }
    return tape.done();
  },
  judge(input) {
    const scene = new Scene();
    const tape = new Tape(input);
    let isTaken = false;
    for (let message = 0; tape.hasMore && message < MESSAGES_MAX; message++) {
      if (scene.say(tape.byte(), tape.block()) === 'taken') isTaken = true;
    }
    scene.judge();
    return isTaken ? 'accepted' : 'refused';
  },
};

class Scene {
  readonly #day = new Day(START_MS, []);
  readonly #changes: Change[] = [];
  readonly #registry = new Registry({
    ...{ fleet: 'north', day: this.#day, devicesMax: DEVICES_MAX },
    onChanges: (_device, changes) => void this.#changes.push(...changes),
    onEvent: () => {},
    onShown: () => {},
  });
  #messages = 0;
  #nowMs = START_MS;

  say(how: number, payload: Uint8Array): string {
    this.#messages += 1;
    this.#nowMs += 1_000;
    const root = (how & BITS.elsewhere) === 0 ? 'jvpn/v1/north' : 'jvpn/v1/south';
    const leaf = (how & BITS.presence) === 0 ? 'health' : 'presence';
    const topic = `${root}/gw-${how & BITS.device}/${leaf}`;
    const before = this.#shown();
    const known = this.#numberOf(how);
    const outcome = this.#registry.take(
      { topic, payload },
      {
        atMs: this.#nowMs,
        isRetained: (how & BITS.retained) !== 0,
        connection: (how & BITS.reconnected) === 0 ? 1 : 2,
      },
    );
    demand(MESSAGE_OUTCOMES.includes(outcome), `a documented outcome: ${outcome}`);
    if (outcome !== 'taken') demand(this.#shown() === before, `${outcome} changes nothing`);
    const after = this.#numberOf(how);
    demand(
      known?.boot !== after?.boot || (known?.seq ?? 0) <= (after?.seq ?? 0),
      'no number goes back',
    );
    return outcome;
  }

  judge(): void {
    const { outcomes, devices } = this.#registry;
    const sum = Object.values(outcomes).reduce((all, count) => all + count, 0);
    demand(sum === this.#messages, 'each message has one outcome');
    demand(devices.size <= DEVICES_MAX, 'no more devices than there may be');
    for (const device of devices.values()) judgeDevice(device);
    for (const change of this.#changes) judgeChange(change, this.#nowMs);
    const states = Object.keys(this.#registry.states());
    demand(
      states.every((state) => state === 'OTHER' || (STATES as readonly string[]).includes(state)),
      'states are those of the protocol',
    );
    const { switches, replaySigns, hijackSigns, recoveries } = this.#day.current;
    for (const count of [switches, replaySigns, hijackSigns, ...Object.values(recoveries)]) {
      demand(Number.isFinite(count) && count >= 0, 'sums are numbers');
    }
  }

  #numberOf(how: number) {
    return this.#registry.devices.get(`gw-${how & BITS.device}`)?.report ?? null;
  }

  #shown(): string {
    return JSON.stringify([...this.#registry.devices.values()].map(memoryOf));
  }
}

/** A payload that is forgotten over a restart may come again, and that it was heard is noted; nothing else may change by it. */
function memoryOf({ payload, former, shownId, ...heard }: Device) {
  const { connection, heardOn, heardLiveOn, ...memory } = heard;
  return memory;
}

function judgeDevice(device: Device): void {
  const text = JSON.stringify(memoryOf(device));
  demand(text.length <= MEMORY_MAX, `${text.length} bytes are kept of a device`);
  demand(JSON.stringify(JSON.parse(text)) === text, 'what is kept survives a restart');
  JSON.stringify(rowOf(device));
  const { report, gaps, lastSeenMs } = device;
  demand(lastSeenMs === null || Number.isFinite(lastSeenMs), 'a time is a number');
  for (const { fromSeq, toSeq } of gaps) demand(fromSeq <= toSeq, 'a gap has an end');
  if (report === null) return;
  demand(report.seq >= 1, 'numbers start at 1');
  demand(Object.keys(report.counters).every(isReasonCode), 'counters are of the one table');
}

function judgeChange({ kind, atMs, reason, count }: Change, nowMs: number): void {
  demand(count >= 1 && Number.isSafeInteger(count), `${kind}: a count from 1`);
  demand(Number.isFinite(atMs) && atMs <= nowMs, `${kind}: nothing happens later than now`);
  // Devices may be newer than this.
  demand(reason === null || /^[a-z_]{1,40}$/.test(reason), `${kind}: a reason is a code`);
  const isOwn = kind === 'terminated' || kind === 'state' || kind === 'switch';
  const isKnown = reason === null || isReasonCode(reason) || reason === TWO_PROCESSES;
  demand(isOwn || isKnown, `${kind}: a reason of the one table`);
}

const BOOTS = ['0011223344556677', '8899aabbccddeeff'] as const;
const CODES = ['carrier_lost', 'rate_limited', 'bad_proof', 'stale_state_version', 'flash_lost'];
const SESSION_STATES = ['ATTACHED', 'RECOVERING', 'TERMINATED', 'DEGRADED'];

function health(random: Random): Uint8Array {
  const counters = { [CODES[random.below(CODES.length)]!]: random.below(5) };
  const state = SESSION_STATES[random.below(SESSION_STATES.length)]!;
  const terminated = state === 'TERMINATED' ? 'session_ttl_expired' : null;
  return healthPayload({
    boot: BOOTS[random.below(2)]!,
    seq: random.between(1, 6),
    status: { state, terminated, counters },
    link: random.below(2) === 0 ? 'eth0' : 'wwan0',
    switchesTotal: random.below(4),
    tsMs: random.below(4) === 0 ? random.below(1_000) : START_MS - random.below(1_000_000),
    format: random.below(2) === 0 ? 'cbor' : 'json',
  });
}

function presence(random: Random): Uint8Array {
  const word = (['online', 'lost', 'stopped'] as const)[random.below(3)]!;
  return presencePayload(word, BOOTS[random.below(2)]!, random.between(1, 3));
}
