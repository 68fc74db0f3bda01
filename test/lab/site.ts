/**
 * A hub and devices in the lab, with keys, configurations and enrolment, in a folder of their own.
 *
 * Daemons run from source unless `binary` names a compiled one. They end with the lab, the folder with the
 * site.
 *
 * @module
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { LabProcess, Outcome, SpawnOptions } from './process.ts';
import { eventually, parseLine } from './process.ts';

const SOURCE = resolve(import.meta.dir, '../../agent/jvpn.ts');
export const HUB_ADDRESS = '203.0.113.1:51820';

/** An audit line, as both daemons write them. */
export interface AuditLine {
  readonly event: string;
  readonly reason_code: string;
  readonly session_id: string | null;
  readonly from: string | null;
  readonly to: string | null;
  readonly state_version: number;
  readonly transport: string | null;
  readonly seq: number;
  /** CLOCK_BOOTTIME: ahead of the lab's clock by what the machine has ever slept. */
  readonly mono_ms: number;
  readonly detail: Readonly<Record<string, unknown>>;
}

/** Where hub and devices run: a `Topology`, or anything smaller that has both. */
export interface SiteNet {
  spawn(role: 'hub' | 'device', argv: readonly string[], options?: SpawnOptions): LabProcess;
  exec(
    role: 'hub' | 'device',
    argv: readonly string[],
    options?: { mayFail?: boolean },
  ): Promise<Outcome>;
}

export interface SiteOptions {
  readonly binary?: string;
  /** What `jvpn` is on the device, where that is not `binary`: an emulator and its arguments, for one. */
  readonly deviceCommand?: readonly string[];
  /** Where everything is started; the directory of this process if left out. */
  readonly directory?: string;
  /** TOML of a policy for both daemons; the default profile if left out. */
  readonly policy?: string;
  /** Where agents look for the hub, the preferred one first; its IPv4 address if left out. */
  readonly endpoint?: string | readonly string[];
  /** Names under which agents look for the hub as well, each with its port. */
  readonly names?: readonly string[];
  /** Added to the agent's configuration. */
  readonly agentExtra?: string;
  /** Addresses that the hub listens on; all if left out. */
  readonly listen?: readonly string[];
  /** What the hub says it reaches; the network behind it if left out. */
  readonly routes?: readonly string[];
  /** Lines added to `[audit]` of both daemons. */
  readonly auditExtra?: string;
  /** Lines added to `[tunnel]`, of both daemons or of each. */
  readonly tunnelExtra?: string | { readonly hub: string; readonly device: string };
}

export class Site implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'jvpn-site-'));
  readonly #net: SiteNet;
  readonly #options: SiteOptions;
  hubPublicKey = '';

  constructor(net: SiteNet, options: SiteOptions = {}) {
    this.#net = net;
    this.#options = options;
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** `jvpn …` in a namespace, to its end. */
  jvpn(role: 'hub' | 'device', argv: readonly string[]): Promise<Outcome> {
    return this.#net.exec(role, [...this.#jvpn(role), ...argv], { mayFail: true });
  }

  #jvpn(role: 'hub' | 'device'): readonly string[] {
    const { binary, deviceCommand, directory } = this.#options;
    const usual = binary === undefined ? [process.execPath, SOURCE] : [binary];
    const command = role === 'device' ? (deviceCommand ?? usual) : usual;
    // `env` replaces itself: the pid is that of jvpn.
    return directory === undefined ? command : ['env', '-C', directory, ...command];
  }

  async newKey(file: string): Promise<string> {
    const made = await this.jvpn('hub', [
      'keygen',
      '--private-key-file',
      this.path(file),
      '--json',
    ]);
    return JSON.parse(made.stdout).public_key;
  }

  /** Write the hub's configuration and start it. */
  async hub(
    env: Readonly<Record<string, string>> = {},
    options: Pick<SpawnOptions, 'onLine'> = {},
  ): Promise<LabProcess> {
    if (this.hubPublicKey === '') {
      this.hubPublicKey = await this.newKey('hub.key');
      writeFileSync(this.path('hub.toml'), this.#hubToml());
    }
    const argv = [
      ...this.#jvpn('hub'),
      'hub',
      '--config',
      this.path('hub.toml'),
      '--json',
      '--verbose',
    ];
    const hub = this.#net.spawn('hub', argv, { env, ...options });
    await hub.until((lines) => lines.some((line) => line.includes('"ready":true')), 15_000);
    return hub;
  }

  async enroll(name: string, publicKey: string): Promise<Outcome> {
    return this.jvpn('hub', [
      'enroll',
      '--config',
      this.path('hub.toml'),
      '--public-key',
      publicKey,
      '--name',
      name,
    ]);
  }

  /** A device's folder: key, configuration, enrolment. Returns its public key. */
  async device(name: string): Promise<string> {
    const publicKey = await this.newKey(`${name}.key`);
    writeFileSync(this.path(`${name}.toml`), this.#agentToml(name));
    const enrolled = await this.enroll(name, publicKey);
    if (enrolled.code !== 0) throw new Error(enrolled.stderr);
    return publicKey;
  }

  /** A second device with the key and the flash of the first, as a copied disk image has them. */
  copyDevice(name: string, copy: string): void {
    cpSync(this.path(`${name}.key`), this.path(`${copy}.key`));
    cpSync(this.path(`${name}.state`), this.path(`${copy}.state`), { recursive: true });
    writeFileSync(this.path(`${copy}.toml`), this.#agentToml(copy));
  }

  agent(
    name: string,
    env: Readonly<Record<string, string>> = {},
    options: Pick<SpawnOptions, 'onLine'> = {},
  ): LabProcess {
    const argv = [
      ...this.#jvpn('device'),
      'agent',
      '--config',
      this.path(`${name}.toml`),
      '--json',
      '--verbose',
    ];
    return this.#net.spawn('device', argv, { name: `agent ${name}`, env, ...options });
  }

  /** What a running daemon says of itself. */
  async status<T = Record<string, unknown>>(
    role: 'hub' | 'device',
    name: string,
    command = 'status',
  ): Promise<T> {
    const answer = await this.jvpn(role, [
      command,
      '--socket',
      this.path(`${name}.sock`),
      '--json',
    ]);
    if (answer.code !== 0) throw new Error(answer.stderr);
    return JSON.parse(answer.stdout);
  }

  /** The audit log of a daemon as it lies on disk. */
  audit(name: string): readonly AuditLine[] {
    const lines = readFileSync(this.path(`${name}.jsonl`), 'utf8')
      .trimEnd()
      .split('\n');
    return lines.flatMap((line) => parseLine<AuditLine>(line) ?? []);
  }

  #hubToml(): string {
    const { listen, routes = ['10.79.0.0/24', 'fd79::/64'] } = this.#options;
    const addresses = listen === undefined ? '' : `addresses = ${JSON.stringify(listen)}\n`;
    return `routes = ${JSON.stringify(routes)}
[identity]
private_key_file = "hub.key"
[listen]
port = 51820
${addresses}[pool]
inner4 = "10.77.0.0/16"
inner6 = "fd77::/64"
[state]
database = "hub.db"
hub_id = "hub-a"
[tunnel]
${this.#tunnelExtra('hub')}[control]
socket = "hub.sock"
[audit]
file = "hub.jsonl"
${this.#options.auditExtra ?? ''}${this.#policyToml()}`;
  }

  #agentToml(name: string): string {
    return `[identity]
private_key_file = "${name}.key"
[hub]
public_key = "${this.hubPublicKey}"
endpoints = ${JSON.stringify([this.#options.endpoint ?? HUB_ADDRESS].flat())}
names = ${JSON.stringify(this.#options.names ?? [])}
[links.eth0]
kind = "ethernet"
[links.wlan0]
kind = "wifi"
[links.wwan0]
kind = "lte"
[tunnel]
name = "${name.slice(0, 15)}"
${this.#tunnelExtra('device')}[state]
directory = "${name}.state"
[control]
socket = "${name}.sock"
[audit]
file = "${name}.jsonl"
${this.#options.auditExtra ?? ''}${this.#policyToml()}${this.#options.agentExtra ?? ''}`;
  }

  #tunnelExtra(role: 'hub' | 'device'): string {
    const { tunnelExtra = '' } = this.#options;
    return typeof tunnelExtra === 'string' ? tunnelExtra : tunnelExtra[role];
  }

  #policyToml(): string {
    const { policy } = this.#options;
    if (policy === undefined) return '';
    writeFileSync(this.path('policy.toml'), policy);
    return '[policy]\nfile = "policy.toml"\n';
  }

  async [Symbol.asyncDispose](): Promise<void> {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** The audit lines a daemon printed with `--verbose`. */
export function auditOf(daemon: LabProcess): readonly AuditLine[] {
  return daemon.stdout.flatMap((line) => {
    const parsed = parseLine<AuditLine>(line);
    return parsed?.event === undefined ? [] : [parsed];
  });
}

/** Wait for the next audit line that fits, after the first `from` ones. */
export async function untilAudit(
  daemon: LabProcess,
  what: string,
  fits: (line: AuditLine) => boolean,
  timeoutMs = 15_000,
  from = 0,
): Promise<AuditLine> {
  let found: AuditLine | undefined;
  await eventually(
    `${daemon.name}: ${what}`,
    () => {
      found = auditOf(daemon).slice(from).find(fits);
      return found !== undefined;
    },
    timeoutMs,
  );
  return found!;
}

export const isAttached = (line: AuditLine) =>
  line.event === 'transition' && line.to === 'ATTACHED';
