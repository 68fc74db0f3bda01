/**
 * Whether a session works under a policy that is on trial.
 *
 * ◆ What proves it: the session that there was stays ATTACHED, over a link that the policy allows, for half of its window without a
 * break; and then the hub answers a question that was asked behind that. A policy does its harm over time: a link that it forbids is
 * left, a quality that it asks for is missed, a pause that it makes is too long for a NAT. A packet that was on its way, or an answer
 * to what was asked before, says nothing about it.
 *
 * Source: docs/push.md, "A policy on trial".
 *
 * @module
 */
import { costOf } from '../session/device/choice.ts';
import type { DeviceConfig } from '../session/device/limits.ts';
import { type Device, transportOf } from '../session/device/state.ts';

/** One policy on trial, from the step with which it came into force. */
export class Trial {
  readonly version: number;
  readonly #holdMs: number;
  /** Of the session that has to prove it; null: none has been ATTACHED yet, so the first one that is has to. */
  #sessionId: string | null;
  #steadySinceMs: number | null = null;
  #hasAsked = false;
  #isProven = false;

  /** @param device as it was before. */
  constructor(version: number, holdMs: number, { state, sessionId }: Device) {
    this.version = version;
    this.#holdMs = holdMs;
    this.#sessionId = hasAttached(state) ? sessionId : null;
  }

  /** After each step of the core. True, once: the policy has proven itself. */
  see(device: Device, config: DeviceConfig): boolean {
    if (this.#isProven) return false;
    if (hasAttached(device.state)) this.#sessionId ??= device.sessionId;
    const binding = transportOf(device, device.activeId);
    const isSame = device.sessionId === this.#sessionId;
    const isAllowed = binding !== null && costOf(binding, config) !== 'never';
    if (device.state !== 'ATTACHED' || !isSame || !isAllowed) {
      this.#steadySinceMs = null;
      this.#hasAsked = false;
      return false;
    }
    this.#steadySinceMs ??= device.nowMs;
    const { answeredSentAtMs } = binding.liveness;
    this.#isProven =
      answeredSentAtMs !== null && answeredSentAtMs >= this.#steadySinceMs + this.#holdMs;
    return this.#isProven;
  }

  /** When the hub has to be asked; null: not now, or it was. */
  nextDeadlineMs(): number | null {
    if (this.#steadySinceMs === null || this.#hasAsked || this.#isProven) return null;
    return this.#steadySinceMs + this.#holdMs;
  }

  /** Whether to ask the hub at `atMs`: once for each time that the session held. */
  takeDue(atMs: number): boolean {
    const dueAtMs = this.nextDeadlineMs();
    this.#hasAsked ||= dueAtMs !== null && dueAtMs <= atMs;
    return dueAtMs !== null && this.#hasAsked;
  }
}

/** One in BIRTH may end under the policy before, which may be why it was not ATTACHED. */
const hasAttached = (state: Device['state']) => state !== 'TERMINATED' && state !== 'BIRTH';
