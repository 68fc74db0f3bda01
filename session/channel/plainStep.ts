/**
 * The rules of `plainPeer.ts`: what each event does to a plain peer's timers and keypairs.
 *
 * Every rule replaces the peer by a changed copy; a step is complete when `stepPlain` returns.
 * Source: WireGuard whitepaper §6.1–6.5.
 *
 * @module
 */
import { assert, unreachable } from '../assert.ts';
import {
  type PlainTimes,
  plainExpiresAtMs,
  plainRekeyReceivingAtMs,
  plainRekeySendingAtMs,
} from './age.ts';
import {
  nextDeadline,
  PLAIN_CONFIG,
  type PlainConfig,
  type PlainEffect,
  type PlainEvent,
  type PlainPeer,
  type PlainSlot,
  type PlainStep,
  usableSlot,
} from './plainPeer.ts';

/** Advance by one event. Same inputs, same output, always. */
export function stepPlain(before: PlainPeer, event: PlainEvent, config = PLAIN_CONFIG): PlainStep {
  assert(event.atMs >= before.nowMs, 'time does not run backwards');
  assert(event.jitterMs >= 0 && event.jitterMs <= config.times.jitterMaxMs, 'jitter is bounded');
  const draft = new Draft({ ...before, nowMs: event.atMs }, event.jitterMs, config);
  draft.dropExpired();
  draft.on(event);
  const deadlineMs = nextDeadline(draft.peer, config);
  if (event.kind === 'tick') {
    assert(deadlineMs === null || deadlineMs > event.atMs, 'a tick uses up every due deadline');
  }
  return { peer: draft.peer, effects: draft.effects };
}

/** One step in the making: the rules below read and replace `peer`. */
class Draft {
  peer: PlainPeer;
  readonly effects: PlainEffect[] = [];
  readonly #jitterMs: number;
  readonly #config: PlainConfig;

  constructor(peer: PlainPeer, jitterMs: number, config: PlainConfig) {
    this.peer = peer;
    this.#jitterMs = jitterMs;
    this.#config = config;
  }

  on(event: PlainEvent): void {
    switch (event.kind) {
      case 'staged':
        return this.#initiate();
      case 'responded':
        return this.#onResponded(event.localIndex);
      case 'responseAccepted':
        return this.#onResponseAccepted(event.localIndex);
      case 'sent':
        return this.#onSent(event.packetBytes > 0, event.needsRekey);
      case 'received':
        return this.#onReceived(event.localIndex, event.packetBytes > 0);
      case 'tick':
        return this.#onTick();
      default:
        return unreachable(event);
    }
  }

  dropExpired(): void {
    for (const place of ['previous', 'current', 'next'] as const) {
      const slot = this.peer[place];
      if (slot === null || this.peer.nowMs < plainExpiresAtMs(slot, this.#times)) continue;
      this.#expire(slot);
      this.#set({ [place]: null });
    }
  }

  /** We answered an initiation. The keypair waits until the initiator shows that it has it. */
  #onResponded(localIndex: number): void {
    const { nowMs, next, previous } = this.peer;
    this.#expire(next);
    this.#expire(previous);
    const slot = { localIndex, isInitiator: false, createdAtMs: nowMs };
    this.#set({ next: slot, previous: null, handshakeSentAtMs: nowMs, unansweredAtMs: null });
    this.#noteSent();
  }

  #onResponseAccepted(localIndex: number): void {
    const { nowMs, current, next, previous } = this.peer;
    // An unconfirmed keypair of ours is newer than the current one, so it is the one worth keeping.
    if (next !== null) this.#expire(current);
    this.#expire(previous);
    this.#set({
      current: { localIndex, isInitiator: true, createdAtMs: nowMs },
      previous: next ?? current,
      next: null,
      unansweredAtMs: null,
    });
    this.#noteTraversal();
    this.#noteComplete();
    this.effects.push({ kind: 'sendKeepalive' }); // confirms the keypair to the responder
  }

  #onSent(isData: boolean, needsRekey: boolean): void {
    const { nowMs, unansweredAtMs, current } = this.peer;
    this.#noteSent();
    if (isData && unansweredAtMs === null) {
      const { keepaliveMs, rekeyTimeoutMs } = this.#times;
      this.#set({ unansweredAtMs: nowMs + keepaliveMs + rekeyTimeoutMs + this.#jitterMs });
    }
    const rekeyAtMs = current === null ? null : plainRekeySendingAtMs(current, this.#times);
    if (needsRekey || (rekeyAtMs !== null && nowMs >= rekeyAtMs)) this.#initiate();
  }

  #onReceived(localIndex: number, isData: boolean): void {
    const { nowMs } = this.peer;
    if (this.peer.next?.localIndex === localIndex) this.#confirmNext();
    this.#set({ unansweredAtMs: null });
    this.#noteTraversal();

    const { current, hasAskedLate, keepaliveAtMs } = this.peer;
    const rekeyAtMs = current === null ? null : plainRekeyReceivingAtMs(current, this.#times);
    if (rekeyAtMs !== null && nowMs >= rekeyAtMs && !hasAskedLate) {
      this.#set({ hasAskedLate: true });
      this.#initiate();
    }
    if (!isData) return;
    if (keepaliveAtMs !== null) this.#set({ needsAnotherKeepalive: true });
    else this.#set({ keepaliveAtMs: nowMs + this.#times.keepaliveMs });
  }

  #onTick(): void {
    if (this.#isDue(this.peer.retryAtMs)) this.#retry();
    if (this.#isDue(this.peer.unansweredAtMs)) {
      this.#set({ unansweredAtMs: null });
      this.#initiate();
    }
    if (this.#isDue(this.peer.keepaliveAtMs)) {
      const { needsAnotherKeepalive, nowMs } = this.peer;
      const again = needsAnotherKeepalive ? nowMs + this.#times.keepaliveMs : null;
      this.#set({ keepaliveAtMs: again, needsAnotherKeepalive: false });
      this.#keepAlive();
    }
    if (this.#isDue(this.peer.persistentAtMs)) {
      this.#set({ persistentAtMs: this.peer.nowMs + this.#config.persistentKeepaliveMs });
      this.#keepAlive();
    }
  }

  /** A handshake is wanted: at once, or as soon as the last message of one is 5 s old. */
  #initiate(): void {
    this.#set({ wantedSinceMs: this.peer.nowMs });
    this.#sendInitiation();
  }

  #retry(): void {
    const { nowMs, wantedSinceMs } = this.peer;
    assert(wantedSinceMs !== null, 'a retry belongs to a wanted handshake');
    if (nowMs - wantedSinceMs < this.#times.rekeyAttemptMs) return this.#sendInitiation();
    this.#set({ wantedSinceMs: null, retryAtMs: null, keepaliveAtMs: null });
    this.effects.push({ kind: 'giveUp' });
  }

  #sendInitiation(): void {
    const { nowMs, handshakeSentAtMs } = this.peer;
    const { rekeyTimeoutMs } = this.#times;
    const allowedAtMs = handshakeSentAtMs === null ? nowMs : handshakeSentAtMs + rekeyTimeoutMs;
    if (nowMs < allowedAtMs) {
      this.#set({ retryAtMs: Math.max(this.peer.retryAtMs ?? 0, allowedAtMs) });
      return;
    }
    this.#set({ handshakeSentAtMs: nowMs, retryAtMs: nowMs + rekeyTimeoutMs + this.#jitterMs });
    this.#noteSent();
    this.effects.push({ kind: 'sendInitiation' });
  }

  #keepAlive(): void {
    const isUsable = usableSlot(this.peer, this.peer.nowMs, this.#config) !== null;
    if (isUsable) this.effects.push({ kind: 'sendKeepalive' });
    else this.#initiate();
  }

  #confirmNext(): void {
    const { previous, current, next } = this.peer;
    this.#expire(previous);
    this.#set({ previous: current, current: next, next: null });
    this.#noteComplete();
    this.effects.push({ kind: 'sendStaged' });
  }

  #noteComplete(): void {
    this.#set({ retryAtMs: null, wantedSinceMs: null, hasAskedLate: false });
  }

  /** Anything authentic that leaves makes a passive keepalive unnecessary. */
  #noteSent(): void {
    this.#set({ keepaliveAtMs: null });
    this.#noteTraversal();
  }

  #noteTraversal(): void {
    const { persistentKeepaliveMs } = this.#config;
    if (persistentKeepaliveMs <= 0) return;
    this.#set({ persistentAtMs: this.peer.nowMs + persistentKeepaliveMs });
  }

  #expire(slot: PlainSlot | null): void {
    if (slot !== null) this.effects.push({ kind: 'expire', localIndex: slot.localIndex });
  }

  #isDue(atMs: number | null): boolean {
    return atMs !== null && atMs <= this.peer.nowMs;
  }

  #set(change: Partial<PlainPeer>): void {
    this.peer = { ...this.peer, ...change };
  }

  get #times(): PlainTimes {
    return this.#config.times;
  }
}
