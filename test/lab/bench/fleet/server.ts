/**
 * What `jvpn fleet` under test answers, and what its process costs.
 *
 * @module
 */
import { readFileSync } from 'node:fs';
import type { Overview } from '../../../../fleet/overview.ts';
import type { startFleetOn } from '../../fleet.ts';
import { cpuSeconds, memoryOf } from '../usage.ts';

type Started = Awaited<ReturnType<typeof startFleetOn>>;

export interface Counted {
  readonly taken: number;
  readonly missing: number;
  readonly cpuS: number;
  readonly atMs: number;
}

const DAY_MS = 86_400_000;

export class FleetUnderTest {
  readonly #started: Started;

  constructor(started: Started) {
    this.#started = started;
  }

  get url(): string {
    return this.#started.url;
  }

  async overview(): Promise<Overview> {
    return (await (await this.#started.get('/api/overview')).json()) as Overview;
  }

  async count(): Promise<Counted> {
    const text = await this.#started.metrics();
    const value = (name: string) =>
      Number(
        text
          .split('\n')
          .find((line) => line.startsWith(`${name} `))
          ?.split(' ')[1] ?? 0,
      );
    return {
      taken: value('jvpn_fleet_messages_total{outcome="taken"}'),
      missing: value('jvpn_fleet_reports_missing_total'),
      cpuS: cpuSeconds(this.#started.child.pid),
      atMs: performance.now(),
    };
  }

  /** The most that was ever resident. */
  peakMib(): number {
    const status = readFileSync(`/proc/${this.#started.child.pid}/status`, 'utf8');
    return memoryOf(status).peakKib / 1_024;
  }

  /** How long an answer over the last days takes from the question to its last byte, ms; as the pages ask. */
  async queryMs(path: string, days: number, stepMs: number | null): Promise<number> {
    const toMs = Date.now();
    const range = `from_ms=${toMs - days * DAY_MS}&to_ms=${toMs}`;
    const beganMs = performance.now();
    const step = stepMs === null ? '' : `&step_ms=${stepMs}`;
    const answer = await this.#started.get(`${path}?${range}${step}`);
    await answer.arrayBuffer();
    if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
    return performance.now() - beganMs;
  }
}
