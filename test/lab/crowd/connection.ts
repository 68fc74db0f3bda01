/**
 * One connection to the broker with the simulated devices behind it: what they say, and the documents that come for them.
 *
 * A device of its own has a connection of its own. With fewer connections than devices each document for the fleet comes once for
 * all devices of a connection, and each of them judges it; health reports are the same messages either way.
 *
 * @module
 */
import { connect, type MqttClient } from 'mqtt';
import type { CrowdDevice } from './device.ts';
import { documentTopic } from './names.ts';

export interface ConnectionParts {
  readonly url: string;
  readonly fleet: string;
  readonly clientId: string;
}

/** Topics in one SUBSCRIBE. */
const FILTERS_MAX = 200;
const KEEPALIVE_S = 60;
const KEPT = { qos: 1, retain: true } as const;

export class CrowdConnection {
  readonly devices: CrowdDevice[] = [];
  /** Messages that the broker has acknowledged, and those that it has not yet. */
  published = 0;
  inFlight = 0;
  readonly #parts: ConnectionParts;
  #client: MqttClient | null = null;
  #readers: ReadonlyMap<string, readonly CrowdDevice[]> = new Map();

  constructor(parts: ConnectionParts) {
    this.#parts = parts;
  }

  /** Resolves when its devices have been born and hear their documents. */
  async open(): Promise<void> {
    const { url, clientId } = this.#parts;
    this.#readers = this.#readersNow();
    const client = connect(url, {
      ...{ clientId, protocolVersion: 5, keepalive: KEEPALIVE_S, reconnectPeriod: 0 },
      // Two thousand of them begin at once, on two cores.
      connectTimeout: 60_000,
    });
    this.#client = client;
    await new Promise<void>((resolve, reject) => {
      client.once('connect', () => resolve());
      client.once('error', reject);
      client.once('close', () => reject(new Error(`${clientId}: the broker hung up`)));
    });
    client.removeAllListeners('error');
    client.on('error', (error) => console.error(`${clientId}: ${error.message}`));
    client.on('message', (topic, payload, { retain }) => this.#onDocument(topic, payload, retain));
    for (const device of this.devices) device.onConnected(Date.now());
    await this.#subscribe(client);
  }

  readonly publish = (topic: string, payload: Uint8Array): void => {
    const client = this.#client;
    if (client === null || !client.connected) return;
    this.inFlight += 1;
    client.publish(topic, Buffer.from(payload), KEPT, () => {
      this.inFlight -= 1;
      this.published += 1;
    });
  };

  close(): void {
    this.#client?.end(true);
  }

  async #subscribe(client: MqttClient): Promise<void> {
    const filters = [...this.#readers.keys()];
    for (let at = 0; at < filters.length; at += FILTERS_MAX) {
      await client.subscribeAsync(filters.slice(at, at + FILTERS_MAX), { qos: 1 });
    }
  }

  #onDocument(topic: string, payload: Uint8Array, isRetained: boolean): void {
    for (const device of this.#readers.get(topic) ?? []) {
      device.push.arrived(new Uint8Array(payload), isRetained);
    }
  }

  /** Who reads what. */
  #readersNow(): ReadonlyMap<string, readonly CrowdDevice[]> {
    const { fleet } = this.#parts;
    const readers = new Map<string, CrowdDevice[]>();
    const add = (topic: string, device: CrowdDevice) => {
      const known = readers.get(topic);
      if (known === undefined) readers.set(topic, [device]);
      else known.push(device);
    };
    for (const device of this.devices) {
      add(device.topics.policyDesired, device);
      for (const stream of ['policy', 'emergency'] as const) {
        add(documentTopic(fleet, stream), device);
      }
    }
    return readers;
  }
}
