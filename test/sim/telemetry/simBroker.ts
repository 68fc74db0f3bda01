/**
 * A device's telemetry: the real queue, and a broker that is there or not.
 *
 * Reports go out one after the other. While the broker is there, a health report asks the process for its status at
 * each interval, as `agent/reporter.ts` does: the one way in which telemetry reaches the session. Draws come from a
 * stream of its own, so with and without an outage the same seed gives the same transitions (I10).
 *
 * @module
 */
import { MqttQueue } from '../../../agent/mqttQueue.ts';
import type { AuditEvent } from '../../../session/audit.ts';
import { overSize, uncounted } from '../../../session/invariants/boundedMemory.ts';
import type { Random } from '../random.ts';
import type { World } from '../world.ts';

/** Small, so that an outage of a minute fills it. */
const QUEUE_BYTES_MAX = 2_048;
const PAYLOAD_BYTES_MAX = 300;
const RETRY_MS = 1_000;
/** Policies say 5 s and more; what a question does to a session shows sooner where it is asked often. Chosen. */
const HEALTH_MS = 1_700;

export class SimBroker {
  isUp = true;
  /** Asks the agent for its status; where nothing runs, nothing happens. */
  askStatus: () => void = () => {};
  readonly queue = new MqttQueue(QUEUE_BYTES_MAX);
  readonly #world: World;
  readonly #random: Random;
  /** Told what is wrong with the queue (I11), or null. */
  readonly #judge: (fault: string | null) => void;
  #seq = 0;
  #isTrying = false;

  constructor(world: World, random: Random, judge: (fault: string | null) => void) {
    this.#world = world;
    this.#random = random;
    this.#judge = judge;
    const report = () => {
      if (this.isUp) this.askStatus();
      world.after(HEALTH_MS, report);
    };
    world.after(HEALTH_MS, report);
  }

  note(event: AuditEvent): void {
    if (event.event !== 'transition' && event.event !== 'switch') return;
    this.#seq += 1;
    const payload = new Uint8Array(this.#random.between(20, PAYLOAD_BYTES_MAX));
    this.queue.push({ topic: this.#seq % 3 === 0 ? 'health' : `audit/${this.#seq}`, payload });
    this.#judgeQueue();
    this.#publish();
  }

  /** The agent's process ended: its queue is gone with it. */
  forget(): void {
    if (this.queue.isInFlight) this.queue.settle('refused');
    while (this.queue.take() !== null) this.queue.settle('refused');
  }

  #judgeQueue(): void {
    const { bytes, delivered: handedOn, count: held, dropped } = this.queue;
    this.#judge(overSize('bytes of reports', bytes, QUEUE_BYTES_MAX));
    this.#judge(uncounted({ name: 'reports', offered: this.#seq, handedOn, held, dropped }));
  }

  #publish(): void {
    if (this.#isTrying || this.queue.count === 0) return;
    this.#isTrying = true;
    if (this.isUp) this.queue.take();
    this.#world.after(this.isUp ? this.#random.between(5, 200) : RETRY_MS, () => {
      this.#isTrying = false;
      if (this.queue.isInFlight) this.queue.settle(this.isUp ? 'delivered' : 'unknown');
      this.#publish();
    });
  }
}
