/**
 * What a device is: the document that says who it is and what can be asked of it. Pure; docs/mqtt.md has the fields.
 *
 * Nothing in it changes while a process runs, so it is published on each connect and when somebody asks.
 *
 * @module
 */
import type { AgentConfig } from './config.ts';

export interface TwinFacts {
  /** Public key, base64. */
  readonly device: string;
  /** As the topics name it. */
  readonly name: string;
  readonly boot: string;
  readonly tsMs: number;
  readonly version: string;
  readonly commit: string;
  /** `linux-x64`. */
  readonly platform: string;
  readonly config: Pick<AgentConfig, 'hub' | 'links' | 'push' | 'telemetry'>;
  /** Where events wait for the broker; false: in memory alone. */
  readonly hasStore: boolean;
}

export function twinOf({ config, hasStore, tsMs, ...facts }: TwinFacts) {
  const { hub, links, push, telemetry } = config;
  return {
    v: 1,
    boot: facts.boot,
    ts_ms: Math.round(tsMs),
    device: facts.device,
    name: facts.name,
    version: facts.version,
    commit: facts.commit,
    platform: facts.platform,
    mode: hub.mode,
    links: links.map(({ name, kind }) => ({ link: name, kind })),
    capabilities: {
      documents: push.enabled,
      groups: push.enabled ? [...push.groups] : [],
      rebirth: true,
      event_store_bytes: hasStore ? telemetry.eventStoreBytes : 0,
      format: telemetry.format,
    },
  } as const;
}
