/**
 * All checkers of a run, with what each may ask of it.
 *
 * @module
 */
import type { SessionRecord } from '../../../session/hub/record.ts';
import { POLICY_VARIANTS } from '../options.ts';
import { policyOf, switchesMaxIn } from '../policy.ts';
import type { Scenario } from '../scenario.ts';
import type { DeviceSite } from '../site/deviceSite.ts';
import { Answers } from './answers.ts';
import { Bindings } from './bindings.ts';
import { boundsIn } from './bounds.ts';
import { Copies } from './copies.ts';
import { Denials } from './denials.ts';
import { Devices } from './devices.ts';
import { Doors } from './doors.ts';
import { Durability } from './durability.ts';
import { Governor } from './governor.ts';
import { Hubs } from './hubs.ts';
import { Records } from './records.ts';
import { Resends } from './resends.ts';
import { Seals } from './seals.ts';
import type { Report, Watch } from './watch.ts';
import { Wire } from './wire.ts';

export interface Surroundings {
  readonly scenario: Scenario;
  /** Null: it is a hub, or nobody of that name. */
  readonly deviceSite: (who: string) => DeviceSite | null;
  readonly record: (device: string) => SessionRecord | null;
  /** Whether timestamps may have been lost with a flash, or used by a copy. */
  readonly mayBeBehind: (who: string) => boolean;
}

export function newWatches(report: Report, around: Surroundings): readonly Watch[] {
  const { scenario, deviceSite, record, mayBeBehind } = around;
  const site = (who: string) => deviceSite(who)!;
  const isSealed = scenario.options.primitives === 'real';
  const boundsOf = (who: string) => boundsIn(scenario, site(who).identity.index);
  const clockMs = (who: string) => {
    const { machine } = site(who);
    return machine.isAwake ? machine.clock.monotonicMs() : null;
  };
  const recordOf = (who: string) => {
    const publicKey = deviceSite(who)?.identity.publicKey;
    return publicKey === undefined ? null : record(publicKey);
  };
  const durableOf = (who: string) => site(who).durable;
  return [
    new Seals(report, isSealed),
    new Resends(report, !isSealed, resendMaxAgeMs()),
    new Records(report, switchesMaxIn(scenario)),
    new Bindings(report),
    new Hubs(report, (device) => record(device)?.owner ?? null),
    new Devices(report, { boundsOf, clockMs, wokeAtMs: (who) => site(who).machine.wokeAtMs }),
    new Answers(report, isSealed, recordOf, clockMs, (who, sinceMs) =>
      site(who).machine.sleptMs(sinceMs),
    ),
    new Denials(report, isSealed),
    new Durability(report, durableOf),
    new Copies(report, durableOf),
    new Governor(report, (who) => policyOf(site(who).policy).switching),
    new Doors(report, mayBeBehind),
    new Wire(report, {
      deviceOf: (who) => deviceSite(who)?.identity.publicKey ?? null,
      record,
    }),
  ];
}

/** A policy may change while a run goes on. */
function resendMaxAgeMs(): number {
  return Math.max(...POLICY_VARIANTS.map((variant) => policyOf(variant).resend.maxAgeMs));
}
