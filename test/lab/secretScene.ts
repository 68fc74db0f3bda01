/**
 * A hub, a device with a preshared key and a broker, everything told at its loudest, and all that they put out collected:
 * for looking for secrets in it.
 *
 * Configurations are written here and not by the site, so that logs, sockets and state lie in folders that the daemons make.
 *
 * @module
 */
import { randomBytes } from 'node:crypto';
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { MqttLine } from './mqttReader.ts';
import type { LabProcess } from './process.ts';
import { eventually, parseLine } from './process.ts';
import { auditOf, isAttached, Site, untilAudit } from './site.ts';
import type { Topology } from './topology.ts';

export interface Output {
  readonly where: string;
  readonly content: string | Uint8Array;
}

const PORT = 18_830;
export const PASSWORD = 'correct-horse-battery-staple';

/** Files that hold secrets because they are made to. The flash is not among them: what it holds is sealed. */
const KEEPERS = /(^|\/)(.*\.key|psk|mqtt\.password|hub\.db(-wal)?|bad\..*\.toml|recorded)$/;

interface Refusing {
  readonly packets: { readonly refused: Readonly<Record<string, number>> };
}

export class SecretScene implements AsyncDisposable {
  readonly site: Site;
  readonly outputs: Output[] = [];
  readonly #net: Topology;
  readonly #processes: LabProcess[] = [];
  hub: LabProcess | null = null;
  agent: LabProcess | null = null;

  constructor(net: Topology, binary?: string) {
    this.#net = net;
    this.site = new Site(net, binary === undefined ? {} : { binary });
  }

  collect(where: string, content: string | Uint8Array): void {
    this.outputs.push({ where, content });
  }

  /** Keys, a preshared key, configurations, hub and enrolment. */
  async prepare(env: Readonly<Record<string, string>> = {}): Promise<void> {
    const { site } = this;
    mkdirSync(site.path('tmp'), { mode: 0o700 });
    site.hubPublicKey = await site.newKey('hub.key');
    const publicKey = await site.newKey('gw.key');
    writeFileSync(site.path('psk'), `${randomBytes(32).toString('base64')}\n`, { mode: 0o600 });
    writeFileSync(site.path('mqtt.password'), `${PASSWORD}\n`, { mode: 0o600 });
    writeFileSync(site.path('hub.toml'), hubToml());
    writeFileSync(site.path('gw.toml'), agentToml(site.hubPublicKey));
    this.hub = this.#keep(await site.hub({ TMPDIR: site.path('tmp'), ...env }));
    const argv = ['enroll', '--config', site.path('hub.toml'), '--public-key', publicKey];
    await this.run('hub', ...argv, '--name', 'gw', '--psk-file', site.path('psk'), '--json');
  }

  /** Runs a command and keeps what it said; its exit code. */
  async run(role: 'hub' | 'device', ...argv: readonly string[]): Promise<number> {
    const { code, stdout, stderr } = await this.site.jvpn(role, argv);
    this.collect(`jvpn ${argv.join(' ')}`, stdout + stderr);
    return code;
  }

  /** A broker on the device's own loopback, and somebody who reads everything that goes through it. */
  async broker(): Promise<void> {
    const file = this.site.path('mosquitto.conf');
    const lines = [
      'user root',
      'persistence false',
      'log_dest stderr',
      'log_type all',
      'allow_anonymous true',
    ];
    writeFileSync(file, [...lines, `listener ${PORT} 127.0.0.1`, ''].join('\n'));
    const broker = this.#keep(this.#net.spawn('device', ['mosquitto', '-c', file]));
    const isUp = () => broker.stderr.some((line) => line.endsWith(' running'));
    await eventually('mosquitto runs', isUp, 10_000);
    const program = Bun.fileURLToPath(new URL('./mqttReader.ts', import.meta.url));
    const argv = [process.execPath, program, `mqtt://127.0.0.1:${PORT}`];
    const reader = this.#keep(this.#net.spawn('device', argv, { name: 'mqtt' }));
    await reader.untilJson<MqttLine>(({ topic }) => topic === null, 10_000);
    this.#reader = reader;
  }

  #reader: LabProcess | null = null;

  /** What the broker passed on: topics, properties and payloads as they were. */
  get messages(): readonly MqttLine[] {
    const lines = this.#reader?.stdout.flatMap((line) => parseLine<MqttLine>(line) ?? []) ?? [];
    return lines.filter(({ topic }) => topic !== null);
  }

  async attach(env: Readonly<Record<string, string>> = {}): Promise<void> {
    const { site } = this;
    this.agent = this.#keep(site.agent('gw', { TMPDIR: site.path('tmp'), ...env }));
    await untilAudit(this.agent, 'ATTACHED', isAttached, 20_000);
  }

  /** The device moves to another link and back over a restart: claims, keys and secrets of every kind are used. */
  async live(): Promise<void> {
    const { agent } = this;
    if (agent === null) throw new Error('nobody is attached');
    const seen = auditOf(agent).length;
    await this.#net.carrier('eth0', 'down');
    await untilAudit(agent, 'ATTACHED elsewhere', isAttached, 20_000, seen);
    await this.#net.carrier('eth0', 'up');
    await this.#net.exec('device', ['ping', '-c', '3', '-i', '0.1', '10.79.0.2'], {
      mayFail: true,
    });
    this.examine('device', agent);
    await agent.stop('SIGKILL');
    await this.attach();
  }

  /** The device with a preshared key that is not the hub's: its handshakes fail, and it says so as it can. */
  async failHandshakes(): Promise<void> {
    const { site } = this;
    this.collect('agent exit', `${await this.agent?.stop()}`);
    writeFileSync(site.path('other.key'), `${randomBytes(32).toString('base64')}\n`, {
      mode: 0o600,
    });
    const good = readFileSync(site.path('gw.toml'), 'utf8');
    writeFileSync(site.path('other.toml'), good.replace('"psk"', '"other.key"'));
    const agent = this.#keep(site.agent('other', { TMPDIR: site.path('tmp') }));
    const refused = async () => {
      const answer = await site.jvpn('device', [
        'status',
        '--json',
        '--socket',
        site.path('run/gw.sock'),
      ]);
      const counters =
        parseLine<Refusing>(answer.stdout.replaceAll('\n', ''))?.packets.refused ?? {};
      return Object.values(counters).some((count) => count > 0);
    };
    await eventually('a response is refused', refused, 20_000);
    await this.run('device', 'status', '--json', '--socket', site.path('run/gw.sock'));
    await this.run('device', 'events', '--json', '--socket', site.path('run/gw.sock'));
    this.agent = agent;
  }

  /** Everything that a running pair tells to whoever asks. */
  async interrogate(): Promise<void> {
    for (const [role, socket] of [
      ['hub', 'run/hub.sock'],
      ['device', 'run/gw.sock'],
    ] as const) {
      const path = this.site.path(socket);
      for (const command of ['status', 'links', 'sessions', 'events']) {
        await this.run(role, command, '--socket', path);
        await this.run(role, command, '--socket', path, '--json');
      }
      for (const request of [
        '{"method":"keys"}',
        '{"method":"status","secret":true}',
        'nonsense',
      ]) {
        this.collect(`${socket} ${request}`, await ask(path, request));
      }
    }
    await this.run('hub', 'enroll', '--config', this.site.path('hub.toml'), '--list', '--json');
    if (this.hub !== null) this.examine('hub', this.hub);
    if (this.agent !== null) this.examine('device', this.agent);
  }

  /** What any local user sees of a process, and every file that it has open, also where its name is gone. */
  examine(who: string, { pid }: LabProcess): void {
    for (const file of ['cmdline', 'environ', 'status', 'maps']) {
      this.collect(`/proc of ${who} ${file}`, readFileSync(`/proc/${pid}/${file}`));
    }
    for (const fd of readdirSync(`/proc/${pid}/fd`)) {
      const link = `/proc/${pid}/fd/${fd}`;
      try {
        const name = readlinkSync(link);
        if (KEEPERS.test(name) || !statSync(link).isFile()) continue;
        this.collect(`${who} has open ${name}`, readFileSync(link));
      } catch {
        // closed meanwhile, or gone with the process
      }
    }
  }

  /** Ends everybody and collects outputs, messages and files. */
  async finish(): Promise<void> {
    if (this.agent !== null) this.collect('agent exit', `${await this.agent.stop()}`);
    if (this.hub !== null) await this.hub.stop();
    for (const { topic, hex } of this.messages)
      this.collect(`MQTT ${topic}`, Buffer.from(hex, 'hex'));
    for (const { name, stdout, stderr } of this.#processes) {
      this.collect(`${name} standard output`, stdout.join('\n'));
      this.collect(`${name} standard error`, stderr.join('\n'));
    }
    for (const path of filesBelow(this.site.folder)) {
      if (!KEEPERS.test(path) && lstatSync(path).isFile()) this.collect(path, readFileSync(path));
    }
  }

  #keep(process: LabProcess): LabProcess {
    this.#processes.push(process);
    return process;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const process of this.#processes) await process.stop('SIGKILL');
    await this.site[Symbol.asyncDispose]();
  }
}

/** Files and folders, the folder itself left out. */
export function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? [path, ...filesBelow(path)] : [path];
  });
}

/** The first bytes of an answer, as they come. */
async function ask(path: string, request: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = await Bun.connect({
    unix: path,
    socket: {
      data: (_, chunk) => resolve(chunk.toString()),
      close: () => resolve(''),
    },
  });
  socket.write(`${request}\n`);
  const answer = await promise;
  socket.end();
  return answer;
}

const hubToml = () => `routes = ["10.79.0.0/24"]
[identity]
private_key_file = "hub.key"
[listen]
port = 51820
[pool]
inner4 = "10.77.0.0/16"
[state]
database = "store/hub.db"
[control]
socket = "run/hub.sock"
[audit]
file = "log/hub.jsonl"
`;

const agentToml = (hubPublicKey: string) => `[identity]
private_key_file = "gw.key"
[hub]
public_key = "${hubPublicKey}"
preshared_key_file = "psk"
endpoints = ["203.0.113.1:51820"]
[links.eth0]
kind = "ethernet"
[links.wlan0]
kind = "wifi"
[links.wwan0]
kind = "lte"
[tunnel]
name = "gw"
[state]
directory = "gw.state"
[control]
socket = "run/gw.sock"
[audit]
file = "log/gw.jsonl"
[telemetry]
enabled = true
url = "mqtt://127.0.0.1:${PORT}"
username = "gw"
password_file = "mqtt.password"
`;
