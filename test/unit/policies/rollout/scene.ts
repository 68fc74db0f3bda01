/**
 * A rollout over devices that do what a test says, in time that a test passes.
 *
 * @module
 */
import { parseConditions } from '../../../../policies/rollout/condition.ts';
import type { Reported } from '../../../../policies/rollout/outcome.ts';
import type {
  Plan,
  Progress,
  RolloutEffect,
  RolloutEvent,
} from '../../../../policies/rollout/plan.ts';
import { Rollout } from '../../../../policies/rollout/rollout.ts';

/** Without its time: that is the scene's. */
type Happening = RolloutEvent extends infer Each
  ? Each extends RolloutEvent
    ? Omit<Each, 'atMs'>
    : never
  : never;

const NOTHING: Reported = {
  ...{
    confirmed: 4,
    onTrial: null,
    emergency: null,
    groups: ['vans'],
    lastStep: null,
    lastRefusal: null,
    counters: {},
  },
};

export function conditionsOf(text: string) {
  const parsed = parseConditions(text);
  if (!parsed.ok) throw new Error(parsed.message);
  return parsed.conditions;
}

export const CANARY = {
  share: { kind: 'percent', percent: 20 },
  soakMs: 60_000,
  conditions: conditionsOf('degraded > 40%'),
  revertVersion: 6,
  revertPatienceMs: 150_000,
} as const;

export const PLAN: Plan = {
  id: 'r1',
  target: { level: 'fleet', name: 'acme' },
  sought: { kind: 'policy', version: 5 },
  canary: CANARY,
  patienceMs: 150_000,
  freshMs: 30_000,
};

export class Scene {
  readonly rollout: Rollout;
  readonly devices: Map<string, Reported>;
  /** What it did, as text: `save soak`, `forward device:gw-1`, `clear gw-1`, `good: …`. */
  readonly done: string[] = [];
  saved: Progress | null = null;
  nowMs: number;
  /** Devices that report in {@link pass}. */
  heard = new Set<string>();

  constructor(
    count: number,
    plan: Plan = PLAN,
    from: Scene | null = null,
    broker: 'knows' | 'nobodyIsKnown' = 'knows',
  ) {
    this.nowMs = from === null ? 1_000 : from.nowMs + 3_600_000;
    this.rollout =
      from?.saved == null ? new Rollout(plan) : new Rollout(plan, structuredClone(from.saved));
    this.devices =
      from?.devices ??
      new Map(Array.from({ length: count }, (_, at) => [`gw-${at}`, NOTHING] as const));
    this.feed({ kind: 'link', isUp: true });
    if (broker === 'nobodyIsKnown') return;
    for (const [device, reported] of this.devices) {
      this.feed({ kind: 'presence', device, online: true });
      this.feed({ kind: 'reported', device, reported });
      this.heard.add(device);
    }
  }

  feed(event: Happening): void {
    for (const effect of this.rollout.feed({ ...event, atMs: this.nowMs })) this.#do(effect);
  }

  ready(): this {
    this.feed({ kind: 'ready' });
    return this;
  }

  /** What `device` reports from here on. */
  says(device: string, changed: Partial<Reported>): void {
    const reported = { ...(this.devices.get(device) ?? NOTHING), ...changed };
    this.devices.set(device, reported);
    this.feed({ kind: 'reported', device, reported });
  }

  confirms(version: number, devices: Iterable<string> = this.canary): void {
    for (const device of devices) {
      this.says(device, { confirmed: version });
      this.health(device, version);
    }
  }

  health(device: string, policyVersion: number, state = 'ATTACHED', switchesLastMinute = 0): void {
    const health = { policyVersion, state, switchesLastMinute };
    this.feed({ kind: 'health', device, health, isRetained: false });
  }

  get canary(): readonly string[] {
    return this.rollout.progress.canary;
  }

  /** Seconds in which the devices of {@link heard} report every ten under `version`, if one is given. */
  pass(seconds: number, version: number | null = null): void {
    for (let second = 0; second < seconds; second++) {
      this.nowMs += 1_000;
      if (version !== null && second % 10 === 0) {
        for (const device of this.heard) this.health(device, version);
      }
      this.feed({ kind: 'tick' });
    }
  }

  /** Killed and started again an hour later. `nobodyIsKnown`: at a broker that was restarted as well. */
  resumed(plan: Plan = this.rollout.plan, broker: 'knows' | 'nobodyIsKnown' = 'knows'): Scene {
    return new Scene(0, plan, this, broker).ready();
  }

  #do(effect: RolloutEffect): void {
    switch (effect.kind) {
      case 'save':
        this.saved = structuredClone(effect.progress);
        this.done.push(`save ${effect.progress.stage}`);
        return;
      case 'publish':
        this.done.push(`${effect.document} ${effect.to.level}:${effect.to.name}`);
        return;
      case 'clear':
        this.done.push(`clear ${effect.device}`);
        return;
      case 'finish':
        this.done.push(`${effect.isGood ? 'good' : 'bad'}: ${effect.why}`);
    }
  }

  /** What it did since it was asked last. */
  did(): readonly string[] {
    return this.done.splice(0);
  }
}
