/**
 * Stories of documents that are pushed, for `checkers/trials.ts`: windows of ten seconds.
 *
 * @module
 */
import { Trials } from '../../../sim/checkers/trials.ts';
import type { Report, Watch } from '../../../sim/checkers/watch.ts';
import { moved, type Rule, said } from './observed.ts';

const WINDOW_MS = 10_000;
const make = (report: Report): Watch => new Trials(report, WINDOW_MS);

type Code = 'policy_on_trial' | 'policy_confirmed' | 'policy_rolled_back' | 'push_busy';
const tell = (watch: Watch, atMs: number, reasonCode: Code | 'document_early', version: number) =>
  watch.onSaid?.(said({ atMs, reasonCode, detail: { version } }));
const pushed = (watch: Watch, atMs: number, version: number, isEarly = false) =>
  watch.onPushed?.({ who: 'device-0', atMs, version, isEarly });
const attached = (watch: Watch, atMs: number) =>
  watch.onSaid?.(moved('RECOVERING', 'ATTACHED', { atMs }));
/** ATTACHED long ago, and on trial from 20 s on. */
const onTrial = (watch: Watch, version = 5) => {
  attached(watch, 1_000);
  tell(watch, 20_000, 'policy_on_trial', version);
};

// biome-ignore format: this is a table
export const TRIAL_RULES: readonly Rule[] = [
  {
    rule: 'I4 trialProven', make,
    good: (watch) => { onTrial(watch); tell(watch, 25_000, 'policy_confirmed', 5); },
    bad: (watch) => { onTrial(watch); tell(watch, 24_000, 'policy_confirmed', 5); },
  },
  {
    // A switch begins the half anew.
    rule: 'I4 trialProven', make,
    good: (watch) => { onTrial(watch); attached(watch, 22_000); tell(watch, 27_000, 'policy_confirmed', 5); },
    bad: (watch) => { onTrial(watch); attached(watch, 22_000); tell(watch, 26_000, 'policy_confirmed', 5); },
  },
  {
    rule: 'I4 trialProven', make,
    good: (watch) => { onTrial(watch); tell(watch, 30_000, 'policy_rolled_back', 5); },
    bad: (watch) => { onTrial(watch); watch.onDeath?.('device-0'); tell(watch, 30_000, 'policy_confirmed', 5); },
  },
  {
    rule: 'I4 trialEnds', make,
    good: (watch) => { onTrial(watch); tell(watch, 30_100, 'policy_rolled_back', 5); },
    bad: (watch) => { onTrial(watch); attached(watch, 31_000); },
  },
  {
    rule: 'I4 documentTimely', make,
    good: (watch) => { pushed(watch, 19_000, 5, true); tell(watch, 19_100, 'document_early', 5); onTrial(watch, 6); },
    bad: (watch) => { pushed(watch, 19_000, 5, true); onTrial(watch); },
  },
  {
    rule: 'I8 documentAnswered', make,
    good: (watch) => { pushed(watch, 19_000, 5); onTrial(watch); watch.onSweep?.(25_000); },
    bad: (watch) => { pushed(watch, 19_000, 5); watch.onSweep?.(25_000); },
  },
  {
    // One that had to wait gets its turn.
    rule: 'I8 documentAnswered', make,
    good: (watch) => {
      onTrial(watch);
      pushed(watch, 21_000, 6);
      tell(watch, 21_000, 'push_busy', 6);
      tell(watch, 30_000, 'policy_rolled_back', 5);
      tell(watch, 30_000, 'policy_on_trial', 6);
      watch.onSweep?.(35_000);
    },
    bad: (watch) => {
      onTrial(watch);
      pushed(watch, 21_000, 6);
      tell(watch, 21_000, 'push_busy', 6);
      tell(watch, 30_000, 'policy_rolled_back', 5);
      watch.onSweep?.(35_000);
    },
  },
];
