/**
 * The keypairs of one session device: those in use, and the one that waits for its first message.
 *
 * A handshake proves the static key and nothing more, so a newer one replaces only another that waits.
 * ◆ A channel that was refused stays refused: for as long as told, initiations from its address are
 * not answered for this device.
 *
 * @module
 */
import { sessionExpiresAtMs } from '../session/channel/age.ts';
import type { SessionKeypair } from '../session/channel/sessionKeypair.ts';
import type { Endpoint } from './endpoints.ts';
import type { SessionPeer } from './sessionPeer.ts';
import type { Site } from './site.ts';

/** Unconfirmed keys are kept for so long: several retries of a device. Chosen. */
const WAITING_MAX_MS = 30_000;
/** Refused addresses remembered; the one refused longest ago is forgotten. Chosen. */
const REFUSED_MAX = 64;

interface Used {
  readonly keypair: SessionKeypair;
  /** Where its newest authentic message came from. */
  source: string;
}

export class SessionChannels {
  readonly #site: Site;
  readonly #owner: SessionPeer;
  readonly #used = new Map<number, Used>();
  readonly #refused = new Map<string, number>();
  #waiting: Used | null = null;
  /** What `noteSource` was told last: nearly always the same again. */
  readonly #noted = { keypair: null as SessionKeypair | null, endpoint: null as Endpoint | null };

  constructor(site: Site, owner: SessionPeer) {
    this.#site = site;
    this.#owner = owner;
  }

  /** Keys of a handshake that we answered to `endpoint`. */
  offer(keypair: SessionKeypair, endpoint: Endpoint): void {
    this.#dropWaiting();
    this.#waiting = { keypair, source: endpoint.text };
    this.#site.channels.set(keypair.localIndex, this.#owner, keypair);
  }

  isWaiting(keypair: SessionKeypair): boolean {
    return this.#waiting?.keypair === keypair;
  }

  /** The first authentic message under the waiting keys came; where the response had gone. */
  confirm(): string | null {
    const waiting = this.#waiting;
    if (waiting === null) return null;
    this.#waiting = null;
    this.#used.set(waiting.keypair.localIndex, waiting);
    return waiting.source;
  }

  find(index: number): SessionKeypair | null {
    return this.#used.get(index)?.keypair ?? null;
  }

  noteSource(keypair: SessionKeypair, endpoint: Endpoint): void {
    const noted = this.#noted;
    if (noted.keypair === keypair && noted.endpoint === endpoint) return;
    const used = this.#used.get(keypair.localIndex);
    if (used === undefined) return;
    noted.keypair = keypair;
    noted.endpoint = endpoint;
    if (used.source === endpoint.text) return;
    used.source = endpoint.text;
    this.#site.endpoints.keep(endpoint);
  }

  drop(index: number, refuseForMs: number, atMs: number): void {
    const used = this.#used.get(index);
    if (used === undefined) return;
    if (this.#noted.keypair === used.keypair) this.#noted.keypair = null;
    this.#used.delete(index);
    this.#site.channels.delete(index);
    used.keypair.close();
    if (refuseForMs <= 0) return;
    const [oldest] = this.#refused.keys();
    if (this.#refused.size >= REFUSED_MAX && oldest !== undefined) this.#refused.delete(oldest);
    this.#refused.set(used.source, atMs + refuseForMs);
  }

  dropAll(): void {
    for (const index of [...this.#used.keys()]) this.drop(index, 0, 0);
    this.#dropWaiting();
  }

  #dropWaiting(): void {
    const keypair = this.#waiting?.keypair;
    if (keypair === undefined) return;
    this.#site.channels.delete(keypair.localIndex);
    keypair.close();
    this.#waiting = null;
  }

  isRefused(endpoint: Endpoint, atMs: number): boolean {
    const untilMs = this.#refused.get(endpoint.text);
    if (untilMs === undefined) return false;
    if (untilMs > atMs) return true;
    this.#refused.delete(endpoint.text);
    return false;
  }

  /** When the next keys expire, or null. */
  nextExpiryMs(): number | null {
    let nextMs = this.#waiting === null ? null : this.#waiting.keypair.createdAtMs + WAITING_MAX_MS;
    for (const { keypair } of this.#used.values()) {
      const expiresAtMs = sessionExpiresAtMs(keypair);
      if (nextMs === null || expiresAtMs < nextMs) nextMs = expiresAtMs;
    }
    return nextMs;
  }

  /** Forget what has expired; the indices of channels that were in use. */
  expire(atMs: number): number[] {
    const waiting = this.#waiting?.keypair;
    if (waiting !== undefined && waiting.createdAtMs + WAITING_MAX_MS <= atMs) {
      this.#dropWaiting();
    }
    const gone = [...this.#used.values()].filter(
      ({ keypair }) => sessionExpiresAtMs(keypair) <= atMs,
    );
    for (const { keypair } of gone) this.drop(keypair.localIndex, 0, atMs);
    return gone.map(({ keypair }) => keypair.localIndex);
  }
}
