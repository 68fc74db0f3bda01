/**
 * Whoever steers the fleet in the lab: signs documents with a key of its own and publishes them, retained.
 *
 * @module
 */
import { connectAsync, type MqttClient } from 'mqtt';
import { COSE, signingPublicKey } from '../../../agent/cose.ts';
import { keyIdOf } from '../../../policies/signed/anchors.ts';
import { bodyOfTable } from '../../../policies/signed/body.ts';
import { encodeClaims, type Kind, type Target } from '../../../policies/signed/claims.ts';

export interface Order {
  readonly kind: Extract<Kind, 'policy' | 'emergency'>;
  readonly target: Target;
  readonly version: number;
  /** The tables of a policy file, or of `[emergency.overrides]`. */
  readonly table: Readonly<Record<string, unknown>>;
  readonly lastsS?: number;
}

const DAY_S = 86_400;
/** For clocks that are behind, as `jvpn policy sign` does. */
const BEHIND_S = 300;

export class Operator implements AsyncDisposable {
  readonly #key = crypto.getRandomValues(new Uint8Array(32));
  readonly #client: MqttClient;

  private constructor(client: MqttClient) {
    this.#client = client;
  }

  static async at(url: string): Promise<Operator> {
    return new Operator(await connectAsync(url, { protocolVersion: 5 }));
  }

  /** 32 bytes as base64: what devices are told to trust. */
  get publicKey(): string {
    return Buffer.from(signingPublicKey(this.#key)).toString('base64');
  }

  sign({ kind, target, version, table, lastsS = DAY_S }: Order): Uint8Array {
    const body = bodyOfTable(kind === 'policy' ? { ...table, version } : table);
    if (body === null) throw new Error('a value that no document has');
    const notBeforeS = Math.floor(Date.now() / 1_000) - BEHIND_S;
    const expiresS = notBeforeS + BEHIND_S + lastsS;
    const claims = encodeClaims({ kind, target, version, notBeforeS, expiresS, body });
    return COSE.sign(claims, keyIdOf(signingPublicKey(this.#key)), this.#key);
  }

  /** When the broker has it, by the wall clock. */
  async publish(topic: string, document: Uint8Array): Promise<void> {
    await this.#client.publishAsync(topic, Buffer.from(document), { qos: 1, retain: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.endAsync(true);
  }
}
