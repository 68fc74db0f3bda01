/**
 * A device of the staging tests: events by hand; effects are written as short lines, so that a test reads as the story of a device.
 *
 * @module
 */
import { loadPolicy } from '../../../../policies/load.ts';
import type { Policy } from '../../../../policies/schema.ts';
import type { Clock } from '../../../../policies/signed/admit.ts';
import { bodyOfTable, type CommandPlace, commandOf } from '../../../../policies/signed/body.ts';
import type { SignedDocument } from '../../../../policies/signed/open.ts';
import { NOTHING_PUSHED, type PushRecord } from '../../../../policies/signed/record.ts';
import { isRefused } from '../../../../policies/signed/refusal.ts';
import { openPush, policyInForce, stepPush } from '../../../../policies/signed/staging.ts';
import type { PushEffect, PushEvent, PushState } from '../../../../policies/signed/state.ts';
import type { PushRecovery } from '../../../../policies/signed/store.ts';
import { IDENTITY, NOW, NOW_S, signerOf, unproven } from './documents.ts';

export const WINDOW_MS = 120_000;

export function policyOf(document: unknown): Policy {
  const loaded = loadPolicy(document);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return loaded.policy;
}

/** An event without its time. */
type Timeless<Event> = Event extends unknown ? Omit<Event, 'atMs'> : never;
type Told = Timeless<PushEvent>;

interface Options {
  readonly record?: PushRecord;
  readonly recovery?: PushRecovery;
  readonly isWhole?: boolean;
  readonly clock?: Clock;
  readonly policyVersionMin?: number;
}

/** A device whose shell does as it is told, unless it is made to fail. */
export class Device {
  readonly lines: string[] = [];
  canWrite = true;
  canApply = true;
  atMs = 0;
  clock: Clock;
  state: PushState;

  constructor({ record, recovery, isWhole, clock, policyVersionMin }: Options = {}) {
    this.clock = clock ?? NOW;
    const configured = policyOf({ version: 1, name: 'configured' });
    const setup = {
      ...{ identity: IDENTITY, signers: [signerOf(1).publicKey], configured },
      policyVersionMin: policyVersionMin ?? 1,
    };
    const { state, effects } = openPush(
      setup,
      {
        record: record ?? NOTHING_PUSHED,
        recovery: recovery ?? 'intact',
        isWhole: isWhole ?? true,
      },
      { atMs: 0, clock: this.clock },
    );
    this.state = state;
    this.#perform(effects);
  }

  /** What was asked since the last look. */
  get asked(): string[] {
    return this.lines.splice(0);
  }

  forget(): void {
    this.lines.length = 0;
  }

  get followed(): string {
    const { name, version } = policyInForce(this.state);
    return `${name} ${version}`;
  }

  tell(event: Told): void {
    const { state, effects } = stepPush(this.state, { ...event, atMs: this.atMs } as PushEvent);
    this.state = state;
    this.#perform(effects);
  }

  /** @param place a command comes where it belongs, unless this says otherwise. */
  take(document: SignedDocument, isRetained = false, place = placeOf(document)): void {
    this.tell({ kind: 'arrived', clock: this.clock, isRetained, place, document });
  }

  after(ms: number): void {
    this.atMs += ms;
    const { wallMs, isKnown } = this.clock;
    this.clock = { wallMs: wallMs + ms, isKnown };
    this.tell({ kind: 'tick', clock: this.clock });
  }

  #perform(effects: readonly PushEffect[]): void {
    for (const effect of effects) {
      this.lines.push(lineOf(effect));
      if (effect.kind === 'write') {
        this.tell({ kind: 'written', clock: this.clock, isDurable: this.canWrite });
      } else if (effect.kind === 'apply') {
        const { version } = effect.policy;
        this.tell({ kind: 'applied', version, isApplied: this.canApply });
      }
    }
  }
}

function placeOf(document: SignedDocument): CommandPlace | null {
  const asked = document.kind === 'command' ? commandOf(document) : null;
  return asked === null || isRefused(asked) ? null : asked.command;
}

function lineOf(effect: PushEffect): string {
  switch (effect.kind) {
    case 'write': {
      const { confirmed, pending, emergency, isEmergencyOver } = effect.record;
      const held = Object.entries({ confirmed, pending, emergency });
      const names = held.filter(([, document]) => document !== null).map(([name]) => name);
      return `write ${names.join(' ') || 'nothing'}${isEmergencyOver ? ' that is over' : ''}`;
    }
    case 'apply':
      return `apply ${effect.policy.name} ${effect.policy.version}`;
    case 'report': {
      const { why, version } = effect.detail;
      return [effect.code, version, effect.code === 'policy_rolled_back' ? why : '']
        .filter((part) => part !== undefined && part !== '')
        .join(' ');
    }
    case 'run':
      return `run ${effect.command.name}`;
    case 'answer':
      return `answer ${effect.outcome}`;
  }
}

export const pushed = (version: number, table: Readonly<Record<string, unknown>> = {}) =>
  unproven({ version, body: bodyOfTable({ version, name: 'pushed', ...table })! });

export const emergency = (version: number, tables: Readonly<Record<string, unknown>>) =>
  unproven({ kind: 'emergency', version, body: bodyOfTable(tables)!, expiresS: NOW_S + 3_600 });

export const CALM = { switching: { max_switches_per_minute: 4 } };
