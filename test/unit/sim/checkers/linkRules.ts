/**
 * Rules about the links of a device: good and bad stories.
 *
 * @module
 */

import type { LinkStatus } from '../../../../agent/status.ts';
import type { ProbeAck } from '../../../../session/wire/frames.ts';
import { MESSAGE_TYPE } from '../../../../session/wire/messages.ts';
import { Budgets } from '../../../sim/checkers/budgets.ts';
import { Patience } from '../../../sim/checkers/patience.ts';
import { Renumbered } from '../../../sim/checkers/renumbered.ts';
import { Silences } from '../../../sim/checkers/silences.ts';
import { SpendingKept } from '../../../sim/checkers/spending.ts';
import { Verdicts } from '../../../sim/checkers/verdicts.ts';
import type { Report, Watch } from '../../../sim/checkers/watch.ts';
import {
  claimed,
  commit,
  DATA,
  framed,
  type Rule,
  recordOf,
  said,
  saidByHub,
  sent,
} from './observed.ts';

const DAY = { budgetBytes: () => 1_000, wallMs: () => 0, activeId: () => 1 };
const budgets = (report: Report): Watch =>
  new Budgets(report, { ...DAY, wasSpentAtBoot: () => false });
const budgetsOfBefore = (report: Report): Watch =>
  new Budgets(report, { ...DAY, wasSpentAtBoot: (_, transportId) => transportId === 2 });

const ON_FLASH = [{ link: 'lte0', day: 7, bytes: 900 }];
const kept = (report: Report): Watch =>
  new SpendingKept(report, {
    ...{ atBoot: () => ON_FLASH, mayForget: (who) => who !== 'device-0', newestDay: () => day },
  });
let day = 7;

const renumbered = (report: Report): Watch => new Renumbered(report, () => 1);

/** The link of T1 gets another address, and then something goes out over one of the transports. */
function renumber(watch: Watch, transportId: number, atMs: number): void {
  watch.onRenumbered?.('device-0', [1, 2], 100);
  watch.onSent?.(sent(DATA, { transportId, atMs }));
  watch.onSweep?.(500);
}

/** A process says that the link has cost so much of a budget of 1,000 bytes. */
const costs = (watch: Watch, bytes: number, link = 'lte0', who = 'device-0') =>
  watch.onStatus?.(who, {
    links: [{ link, day_bytes: bytes, day_bytes_max: 1_000 } as LinkStatus],
  });

/** One process says what a link has cost, and after a restart the next one does. */
function restart(watch: Watch, before: number, after: number, who = 'device-0'): void {
  day = 7;
  costs(watch, before, 'wifi0', who);
  watch.onBoot?.(who);
  costs(watch, after, 'wifi0', who);
}
const verdicts = (report: Report): Watch => new Verdicts(report, false);

const patience = (report: Report): Watch => new Patience(report, () => 100_000);

/** Until the next policy the device knows after 30 s. */
const morePatient = (report: Report): Watch => {
  const noticeMs = [30_000];
  return new Patience(report, () => noticeMs.shift() ?? 100_000);
};

const ANSWER: ProbeAck = {
  ...{ type: 'probeAck', probeId: 1, view: 'carrying', transportId: 1, stateVersion: 1 },
  token: new Uint8Array(8),
};

/** T2 is over another link, or there is none. */
const silences =
  (others: readonly number[]) =>
  (report: Report): Watch =>
    new Silences(report, false, {
      otherWays: () => others,
      activeId: () => 1,
      mayClaim: () => true,
      maySeek: () => true,
    });
const alone = silences([]);
let ways: readonly number[] = [];
const byWays = (report: Report): Watch =>
  new Silences(report, false, {
    ...{ otherWays: () => ways, activeId: () => 1 },
    ...{ mayClaim: () => true, maySeek: () => true },
  });
const STEADY_MS = 11_000;
const INITIATION = new Uint8Array(148).fill(MESSAGE_TYPE.initiation, 0, 1);

const ask = (watch: Watch, probeId: number, atMs: number, transportId = 1) =>
  watch.onSent?.(sent(framed({ type: 'probe', probeId }), { atMs, transportId }));
const reply = (watch: Watch, probeId: number, atMs: number) =>
  watch.onArrived?.({ atMs, to: 'device-0', bytes: framed({ ...ANSWER, probeId }) });

/** Asked every 50 ms until `STEADY_MS`, and answered; then in vain for so long. Returns the last question. */
function fallSilent(watch: Watch, forMs: number, rttMs = 20): number {
  let probeId = 1_000;
  for (let atMs = 0; atMs < STEADY_MS; atMs += 50) {
    ask(watch, ++probeId, atMs);
    reply(watch, probeId, atMs + rttMs);
  }
  for (let atMs = STEADY_MS; atMs <= STEADY_MS + forMs; atMs += 50) ask(watch, ++probeId, atMs);
  return probeId;
}

/** The only link falls silent, keys are sought if they are, and it is given up after so long. */
function giveUpAlone(watch: Watch, afterMs: number, isSeeking = true): void {
  fallSilent(watch, afterMs);
  if (isSeeking) watch.onSent?.(sent(INITIATION, { atMs: STEADY_MS + 300 }));
  const verdict = { from: 'ATTACHED', to: 'RECOVERING', reasonCode: 'heartbeat_timeout' } as const;
  const detail = { transportId: 1 };
  watch.onSaid?.(said({ ...verdict, event: 'transition', atMs: STEADY_MS + afterMs, detail }));
}

/** T2 is asked and answers, before T1 falls silent. */
function answerOver2(watch: Watch): void {
  ask(watch, 1, STEADY_MS - 100, 2);
  reply(watch, 1, STEADY_MS - 80);
}

/** Silent for so long while data travels, answered again, and a claim to stay is made or not. */
function comeBack(watch: Watch, silentMs: number, isClaimed: boolean): void {
  const probeId = fallSilent(watch, silentMs);
  const atMs = STEADY_MS + silentMs + 20;
  watch.onSent?.(sent(DATA, { atMs: atMs - 50 }));
  reply(watch, probeId, atMs);
  if (isClaimed) watch.onSaid?.(said({ event: 'claim', atMs, detail: { purpose: 'stay' } }));
  watch.onSweep?.(atMs + 1_500);
}

const question = framed({ type: 'probe', probeId: 1 });
const answer = framed(ANSWER);

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
function foundSilent(watch: Watch, silentMs: number, device = recordOf().device): void {
  watch.onCommit?.(commit(null, recordOf()));
  watch.onSaid?.(saidByHub({ reasonCode: 'hub_silence', device, detail: { silentMs } }));
}

const silentFrom = (fromMs: number) =>
  saidByHub({ reasonCode: 'hub_silence', atMs: fromMs + 75_000, detail: { silentMs: 75_000 } });

function silentAfterPolicy(watch: Watch, fromMs: number): void {
  watch.onCommit?.(commit(null, recordOf()));
  watch.onSaid?.(said({ reasonCode: 'policy_applied', atMs: 10_000 }));
  watch.onSaid?.(silentFrom(fromMs));
}

function silentAfterRestart(watch: Watch, fromMs: number): void {
  watch.onCommit?.(commit(null, recordOf()));
  watch.onDeath?.('hub-0');
  watch.onSaid?.(saidByHub({ reasonCode: 'channel_rotated', atMs: 10_000 }));
  watch.onSaid?.(silentFrom(fromMs));
}

// biome-ignore format: a story a line
export const LINK_RULES: readonly Rule[] = [
  {
    rule: 'I7 spentLink', make: budgets,
    good: (watch) => plan(watch, 2),
    bad: (watch) => plan(watch, 20),
  },
  {
    // Whatever this process has sent: the one before spent it.
    rule: 'I7 spentLink', make: budgetsOfBefore,
    good: (watch) => watch.onSaid?.(claimed(1, { purpose: 'planned', transportId: 1 })),
    bad: (watch) => watch.onSaid?.(claimed(1, { purpose: 'planned', transportId: 2 })),
  },
  {
    rule: 'liveness toldFromThere', make: renumbered,
    good: (watch) => renumber(watch, 1, 110),
    bad: (watch) => renumber(watch, 2, 110),
  },
  {
    rule: 'I7 spentRemembered', make: kept,
    good: (watch) => { day = 7; watch.onBoot?.('device-0'); costs(watch, 900); day = 8; costs(watch, 10); },
    bad: (watch) => { day = 7; watch.onBoot?.('device-0'); costs(watch, 899); },
  },
  {
    // What was told before is remembered, up to the budget.
    rule: 'I7 spentRemembered', make: kept,
    good: (watch) => restart(watch, 1_200, 1_000),
    bad: (watch) => restart(watch, 600, 599),
  },
  {
    // Not where flash was hurt.
    rule: 'I7 spentRemembered', make: kept,
    good: (watch) => restart(watch, 600, 100, 'device-1'),
    bad: (watch) => restart(watch, 600, 100),
  },
  {
    rule: 'liveness hastyVerdict', make: verdicts,
    good: (watch) => giveUp(watch, 100),
    bad: (watch) => giveUp(watch, 20),
  },
  {
    rule: 'liveness onlyLinkPatience', make: alone,
    good: (watch) => giveUpAlone(watch, 2_000),
    bad: (watch) => giveUpAlone(watch, 1_800),
  },
  {
    // With another link that is usable there is nothing to be patient for.
    rule: 'liveness onlyLinkPatience', make: byWays,
    good: (watch) => { ways = [2]; giveUpAlone(watch, 300); },
    bad: (watch) => { ways = []; giveUpAlone(watch, 300); },
  },
  {
    rule: 'liveness keysSought', make: alone,
    good: (watch) => giveUpAlone(watch, 2_000),
    bad: (watch) => giveUpAlone(watch, 2_000, false),
  },
  {
    // Alone it may last for two seconds, the time of a question, and a pause.
    rule: 'liveness lateVerdict', make: alone,
    good: (watch) => fallSilent(watch, 4_500),
    bad: (watch) => fallSilent(watch, 4_600),
  },
  {
    // Another link answered lately.
    rule: 'liveness lateVerdict', make: silences([2]),
    good: (watch) => { answerOver2(watch); fallSilent(watch, 1_500, 61); },
    bad: (watch) => { answerOver2(watch); fallSilent(watch, 1_650, 61); },
  },
  {
    // … and the path was fast, and lost nothing.
    rule: 'liveness lateVerdict', make: silences([2]),
    good: (watch) => { answerOver2(watch); fallSilent(watch, 600); },
    bad: (watch) => { answerOver2(watch); fallSilent(watch, 650); },
  },
  {
    rule: 'liveness stayClaimed', make: alone,
    good: (watch) => comeBack(watch, 900, true),
    bad: (watch) => comeBack(watch, 900, false),
  },
  {
    rule: 'liveness hastySilence', make: patience,
    good: (watch) => foundSilent(watch, 100_000),
    bad: (watch) => foundSilent(watch, 75_000),
  },
  {
    // 30 s when it was committed, 100 s by the policy that came at 10 s: told within a minute.
    rule: 'liveness hastySilence', make: morePatient,
    good: (watch) => silentAfterPolicy(watch, 69_999),
    bad: (watch) => silentAfterPolicy(watch, 70_000),
  },
  {
    // The hub that was told dies, and knows within a minute what the next one has to be told.
    rule: 'liveness hastySilence', make: patience,
    good: (watch) => silentAfterRestart(watch, 69_999),
    bad: (watch) => silentAfterRestart(watch, 70_000),
  },
];
