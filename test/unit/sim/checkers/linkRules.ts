/**
 * Rules about the links of a device: good and bad stories.
 *
 * @module
 */
import { Budgets } from '../../../sim/checkers/budgets.ts';
import { Patience } from '../../../sim/checkers/patience.ts';
import { Verdicts } from '../../../sim/checkers/verdicts.ts';
import type { Report, Watch } from '../../../sim/checkers/watch.ts';
import { commit, DATA, framed, type Rule, recordOf, said, saidByHub, sent } from './observed.ts';

const budgets = (report: Report): Watch =>
  new Budgets(report, { budgetBytes: () => 1_000, wallMs: () => 0, activeId: () => 1 });
const verdicts = (report: Report): Watch => new Verdicts(report, false);

const patience = (report: Report): Watch => new Patience(report, () => 100_000);

const question = framed({ type: 'probe', probeId: 1 });
const answer = framed({
  ...{ type: 'probeAck', probeId: 1, view: 'carrying', transportId: 1, stateVersion: 1 },
  token: new Uint8Array(8),
});

/** A plan onto a link that carried so many datagrams, 20 s after them. */
function plan(watch: Watch, datagrams: number): void {
  for (let count = 0; count < datagrams; count++) watch.onSent?.(sent(DATA));
  const detail = { transportId: 1, purpose: 'planned' };
  watch.onSaid?.(said({ event: 'claim', atMs: 20_000, reasonCode: 'failback', detail }));
}

/** Given up for silence so long after an answer. */
function giveUp(watch: Watch, afterMs: number): void {
  watch.onSent?.(sent(question, { atMs: 1_000 }));
  watch.onArrived?.({ atMs: 1_020, to: 'device-0', bytes: answer });
  const verdict = { from: 'ATTACHED', to: 'RECOVERING', reasonCode: 'heartbeat_timeout' } as const;
  const detail = { transportId: 1 };
  watch.onSaid?.(said({ ...verdict, event: 'transition', atMs: 1_020 + afterMs, detail }));
}

/** The hub finds the binding silent, so long after it heard it last. */
function fallSilent(watch: Watch, silentMs: number, device = recordOf().device): void {
  watch.onCommit?.(commit(null, recordOf()));
  watch.onSaid?.(saidByHub({ reasonCode: 'hub_silence', device, detail: { silentMs } }));
}

// biome-ignore format: a story a line
export const LINK_RULES: readonly Rule[] = [
  {
    rule: 'I7 spentLink', make: budgets,
    good: (watch) => plan(watch, 2),
    bad: (watch) => plan(watch, 20),
  },
  {
    rule: 'liveness hastyVerdict', make: verdicts,
    good: (watch) => giveUp(watch, 100),
    bad: (watch) => giveUp(watch, 20),
  },
  {
    rule: 'liveness hastySilence', make: patience,
    good: (watch) => fallSilent(watch, 100_000),
    bad: (watch) => fallSilent(watch, 75_000),
  },
];
