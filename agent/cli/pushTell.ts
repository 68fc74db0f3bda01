/**
 * What a push says while it runs: lines for a person, or one JSON document a line.
 *
 * @module
 */
import type { Rollout } from '../../policies/rollout/rollout.ts';
import { targetText } from '../../policies/signed/claims.ts';
import type { SignedDocument } from '../../policies/signed/open.ts';
import type { Terminal } from './arguments.ts';
import { leftText } from './pushOvertaken.ts';

/** Between two lines that say the same (chosen). */
const AGAIN_MS = 10_000;

export class PushTell {
  readonly #terminal: Terminal;
  readonly #isJson: boolean;
  readonly #nowMs: () => number;
  #said = '';
  #saidAtMs = Number.NEGATIVE_INFINITY;

  constructor(terminal: Terminal, isJson: boolean, nowMs: () => number) {
    this.#terminal = terminal;
    this.#isJson = isJson;
    this.#nowMs = nowMs;
  }

  /** Before anything is decided: what the broker keeps is still on its way. On standard error, whatever the form of the rest. */
  waiting(count: number, brokerError: string | null): void {
    const away = brokerError === null ? '' : `; the broker is away: ${brokerError}`;
    const what = `hearing what the broker keeps: ${count} messages so far${away}`;
    this.#terminal.err(textLine(`jvpn policy push: ${what}`));
  }

  /** Once a second; what changed since the line before, and every ten seconds whatever changed. */
  progress(
    rollout: Rollout,
    brokerError: string | null,
    left: readonly SignedDocument[] = [],
  ): void {
    const line = this.#isJson
      ? jsonLine({ ...progressOf(rollout, brokerError), left: left.map(leftOf) })
      : textLine([progressLine(rollout, brokerError), leftText(left) ?? []].flat().join('; '));
    const isNews = line !== this.#said || this.#nowMs() - this.#saidAtMs >= AGAIN_MS;
    if (!isNews) return;
    [this.#said, this.#saidAtMs] = [line, this.#nowMs()];
    this.#terminal.out(line);
  }

  /** `fields` are for scripts, `text` is for a person. */
  step(fields: Readonly<Record<string, unknown>>, text: string): void {
    this.#terminal.out(this.#isJson ? jsonLine(fields) : textLine(text));
  }
}

/** Some of it was written by devices and brokers: nothing that a terminal would obey. */
const textLine = (text: string) => text.replace(/\p{Cc}+/gu, ' ');

/** What JSON leaves as it is: from 0x7f on. */
function jsonLine(value: unknown): string {
  const escaped = (control: string) => `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return JSON.stringify(value).replace(/\p{Cc}/gu, escaped);
}

/** As `--json` says what stays for one device. */
export const leftOf = ({ version, signer, target }: SignedDocument) => ({
  ...{ device: target.name, version, key_id: signer },
});

function progressOf(rollout: Rollout, brokerError: string | null) {
  const { stage, progress, plan, sought } = rollout;
  const counted = rollout.counted();
  const { devices, confirmed, on_trial, rolled_back, refusals, silent, missing, gone, away } =
    counted;
  const { degraded, volatile, recovering, terminated, offline, switches_per_minute } = counted;
  return {
    ...{ stage, version: sought.version, devices, confirmed, on_trial, rolled_back },
    ...{ refused: refusals, silent, missing, gone, away },
    ...{ degraded, volatile, recovering, terminated, offline, switches_per_minute },
    ...(plan.canary === null
      ? {}
      : {
          canary: progress.canary,
          heard: rollout.isHeard,
          soaked_s: Math.floor(progress.soakedMs / 1_000),
          soak_s: plan.canary.soakMs / 1_000,
        }),
    overtaken: rollout.isOvertaken,
    broker_error: brokerError,
  };
}

function progressLine(rollout: Rollout, brokerError: string | null): string {
  const { stage, progress, plan } = rollout;
  const {
    devices,
    confirmed,
    on_trial,
    rolled_back,
    refusals,
    silent,
    missing,
    trying,
    gone,
    away,
  } = rollout.counted();
  const soakS = (plan.canary?.soakMs ?? 0) / 1_000;
  const heard = rollout.isHeard ? '' : ', standing still: the canary is not heard';
  const where =
    stage === 'soak'
      ? `soak ${Math.floor(progress.soakedMs / 1_000)} s of ${soakS} s${heard}`
      : stage;
  const nobody = `nobody of ${targetText(plan.target)} reports here yet`;
  const counts = [
    devices === 0 ? nobody : `${confirmed} of ${devices} confirmed`,
    ...(on_trial > 0 ? [`${on_trial} on trial`] : []),
    ...(rolled_back > 0 ? [`${rolled_back} rolled back`] : []),
    ...Object.entries(refusals).map(([code, count]) => `${count} refused (${code})`),
    ...(silent > 0 ? [`${silent} silent`] : []),
    ...(missing > trying ? [`${missing - trying} to answer`] : []),
    ...(gone > 0 ? [`${gone} of these gone`] : []),
    ...(away > 0 ? [`${away} away`] : []),
  ].join(', ');
  const overtaken = rollout.isOvertaken
    ? '; somebody else published for the target, and the rest is not sent it'
    : '';
  return `${where}: ${counts}${overtaken}${brokerError === null ? '' : `; the broker is away: ${brokerError}`}`;
}
