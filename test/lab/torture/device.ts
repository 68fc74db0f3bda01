/**
 * A device under torture: the agent's own taking of documents on a flash whose power may go at each step.
 *
 * Looks at what it follows and does at the moment at which it does it. A session and a tunnel it has none: whether the session holds
 * under a policy is said by the torture.
 *
 * @module
 */
import { isDeepStrictEqual } from 'node:util';
import { COSE } from '../../../agent/cose.ts';
import { Push } from '../../../agent/push.ts';
import type { Policy } from '../../../policies/schema.ts';
import { PowerCut } from '../../sim/machine/powerCut.ts';
import { keyOf, ROOTS } from './keys.ts';
import { CALM, IDENTITY, policyOf } from './operator.ts';
import { NamedFlash } from './steps.ts';
import type { Delivery, World } from './world.ts';

const CONFIGURED = policyOf(1);

/** What a device may do while something is done to it. */
export interface Allowed {
  /** Versions that may be tried. */
  readonly trials: ReadonlySet<number>;
  /** Id of the command that may be carried out. */
  readonly command: string | null;
}

export const NOTHING: Allowed = { trials: new Set(), command: null };

export class Device {
  readonly push: Push;
  /** What it said of documents, in order. */
  readonly said: string[] = [];
  /** What must never be, as sentences. */
  readonly violations: string[] = [];
  /** Versions under which the session held within the window. */
  readonly proven = new Set<number>();
  readonly answered: string[] = [];
  allowed: Allowed = NOTHING;
  readonly #world: World;
  #saidAtStart = 0;

  /** A start. @throws PowerCut */
  constructor(world: World) {
    this.#world = world;
    const { steps, flash } = world;
    const wallMs = () => world.wallMs;
    const signers = ROOTS.map((root) => keyOf(root).publicKey);
    this.push = new Push({
      ...{ flash: new NamedFlash(flash, steps), identity: IDENTITY, signers },
      ...{ configured: CONFIGURED, policyVersionMin: world.rememberedVersion },
      ...{ clock: { monotonicMs: () => world.atMs, wallMs }, loadSign1: async () => COSE },
    });
    this.push.begin({
      follow: (policy, isOnTrial) => this.#follow(policy, isOnTrial),
      onConfirmed: (version) => this.#onConfirmed(version),
      note: (_, code) => {
        steps.step(`say ${code}`);
        this.said.push(code);
      },
      onReport: () => steps.step('report'),
      carryOut: ({ id }) => this.#carryOut(id),
      onAnswer: ({ outcome }) => {
        steps.step('answer a command');
        this.answered.push(outcome);
      },
      onFault: (message) => {
        // The power is one, too.
        if (!steps.isBlown) this.violations.push(`a fault of its own: ${message}`);
      },
    });
    if (steps.isBlown) throw new PowerCut();
    this.#saidAtStart = this.said.length;
  }

  /** What it said since its start, of what came. */
  get saidSince(): readonly string[] {
    return this.said.slice(this.#saidAtStart);
  }

  /** Until it was judged, and all that follows at once was done. */
  async take({ bytes, isRetained, place }: Delivery): Promise<void> {
    const request = place === null ? null : { place, responseTopic: null, correlation: null };
    this.push.arrived(bytes, isRetained, request);
    // Signatures are judged behind a chain of promises, and so are commands.
    await Bun.sleep(0);
    this.#check();
  }

  /** The session holds under the policy on trial. */
  prove(): void {
    const version = this.push.onTrial;
    if (version === null) return;
    this.proven.add(version);
    this.push.proven(version);
    this.#check();
  }

  /** The session holds, and the window is over. */
  proveLate(): void {
    if (this.push.onTrial !== null) this.push.proven(this.push.onTrial);
    this.#check();
  }

  look(): void {
    this.push.look();
    this.#check();
  }

  /** @throws PowerCut where the power went: inside it is a fault like any other. */
  #check(): void {
    if (this.#world.steps.isBlown) throw new PowerCut();
  }

  #follow(policy: Policy, isOnTrial: boolean): boolean {
    const { steps, confirmed } = this.#world;
    steps.step(isOnTrial ? 'follow a policy on trial' : 'follow a policy');
    const { version } = policy;
    const wrong = this.wrongWith(policy);
    if (wrong !== null) this.violations.push(wrong);
    if (isOnTrial && !this.allowed.trials.has(version)) {
      this.violations.push(`version ${version} is tried, and nobody may have it tried`);
    }
    if (isOnTrial ? version <= confirmed : version !== confirmed) {
      this.violations.push(`follows ${version}${isOnTrial ? ' on trial' : ''}, ${confirmed} holds`);
    }
    return true;
  }

  /** Null: it is what the operator signed under its version, tightened by an emergency at most. */
  wrongWith(policy: Policy): string | null {
    const { version, switching } = policy;
    const signed = policyOf(version);
    const least = Math.min(CALM, signed.switching.maxSwitchesPerMinute);
    const tightened = {
      ...signed,
      switching: { ...signed.switching, maxSwitchesPerMinute: least },
    };
    const expected = this.push.isEmergency ? tightened : signed;
    if (isDeepStrictEqual(policy, expected)) return null;
    const many = switching.maxSwitchesPerMinute;
    return `version ${version} is not what was signed: ${policy.name}, ${many} switches a minute`;
  }

  #onConfirmed(version: number): void {
    const world = this.#world;
    world.steps.step('remember the version');
    if (!this.proven.has(version)) {
      this.violations.push(`${version} is confirmed, and no session held under it in its window`);
    }
    world.confirmed = version;
    world.rememberedVersion = Math.max(world.rememberedVersion, version);
  }

  #carryOut(id: string): Promise<{ outcome: 'command_done'; why: null }> {
    const world = this.#world;
    if (this.allowed.command !== id) this.violations.push('carries out what nobody may ask for');
    if (world.ran.has(id)) this.violations.push('carries out a command once more');
    world.ran = new Set([...world.ran, id]);
    try {
      world.steps.step('carry out a command');
    } catch {
      return new Promise(() => {});
    }
    return Promise.resolve({ outcome: 'command_done', why: null });
  }
}
