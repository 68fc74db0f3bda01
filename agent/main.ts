/**
 * `jvpn agent`: the device daemon's main thread.
 *
 * Starts the tunnel thread and serves it: durable writes, addresses and routes, control socket,
 * audit log, telemetry, signals. Decides nothing about the session (I10).
 *
 * @module
 */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { MessageChannel } from 'node:worker_threads';
import { explain } from '../hal/capabilities.ts';
import { openAuditLog } from '../hal/linux/auditLog.ts';
import { newClock } from '../hal/linux/clock.ts';
import { serveControl } from '../hal/linux/controlSocket.ts';
import { openFlash } from '../hal/linux/flash.ts';
import { openWake } from '../hal/linux/wake.ts';
import type { HalResult } from '../hal/result.ts';
import { startWorker } from '../hal/worker.ts';
import { PLAIN_TIMES } from '../session/channel/age.ts';
import { encodeKey, newIdentity } from '../session/channel/identity.ts';
import { AgentControl } from './control.ts';
import { Inner } from './inner.ts';
import { FLASH_SLOT_BYTES, Memory } from './memory.ts';
import type { FromTunnel, TunnelSetup } from './messages.ts';
import { tunnelRules } from './rules.ts';
import { readStart, type Start, StartError } from './start.ts';
import { startTelemetry } from './telemetry.ts';
import { TunnelLink } from './tunnelLink.ts';

const HELP = `Usage: jvpn agent --config FILE [--json] [--verbose]

Runs the device daemon in the foreground until SIGTERM or SIGINT, which end the session with a reason.

  --config FILE   the configuration (docs/configuration.md); required
  --json          print one JSON line when the tunnel is ready, for scripts
  --verbose       print every audit event as a JSON line on standard output
  --help          this text

Exit: 0 ended as asked, 1 it could not start or go on, 2 the input was wrong.`;

/** How long SIGTERM waits for the session's end to be durable. */
const SHUTDOWN_MAX_MS = 2_000;

export async function runAgent(argv: readonly string[]): Promise<number> {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        config: { type: 'string' },
        json: { type: 'boolean' },
        verbose: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    if (values.help) {
      console.log(HELP);
      return 0;
    }
    if (values.config === undefined) throw new StartError(`--config FILE is missing\n\n${HELP}`, 2);
    return await serve(readStart(values.config), values.json === true, values.verbose === true);
  } catch (error) {
    if (error instanceof StartError) {
      console.error(`jvpn agent: ${error.message}`);
      return error.exitCode;
    }
    if (error instanceof TypeError && 'code' in error) {
      console.error(`jvpn agent: ${error.message}\n\n${HELP}`);
      return 2;
    }
    throw error;
  }
}

async function serve(start: Start, isJson: boolean, isVerbose: boolean): Promise<number> {
  const { config, policy } = start;
  const clock = newClock();
  const stateDirectory = start.path(config.state.directory);
  const memory = new Memory(need(openFlash(stateDirectory, FLASH_SLOT_BYTES)), start.privateKey);
  const grant = memory.reserveTimestamps(clock.wallMs());
  if (grant === null) throw new StartError(`${stateDirectory}: ${memory.lastFailure}`, 1);
  const device = encodeKey(newIdentity(start.privateKey).publicKey);
  const auditFile = start.path(config.audit.file);
  mkdirSync(dirname(auditFile), { recursive: true });
  const audit = openAuditLog({
    file: auditFile,
    bytesMax: config.audit.bytesMax,
    filesMax: config.audit.filesMax,
    wallMs: () => clock.wallMs(),
    policyVersion: () => policy.version,
  });

  const { promise: ended, resolve: end } = Promise.withResolvers<number>();
  const wake = need(openWake());
  const { port1, port2 } = new MessageChannel();
  const tunnel = new TunnelLink(port1, wake);
  const inner = new Inner(config.tunnel, config.hub.mode);
  const setup: TunnelSetup = {
    wakeFd: wake.fd,
    port: port2 as unknown as MessagePort,
    mode: config.hub.mode,
    privateKey: start.privateKey,
    hubPublicKey: start.hubPublicKey,
    psk: start.psk,
    endpoints: config.hub.endpoints,
    links: config.links,
    tunName: config.tunnel.name,
    mark: config.tunnel.mark,
    rules: tunnelRules(policy, config.links),
    seed: crypto.getRandomValues(new Uint8Array(32)),
    remembered: memory.remembered,
    wasLost: memory.recovery === 'bothSlotsLost',
    clock: grant,
    plainTimes: PLAIN_TIMES,
  };

  let isStopping = false;
  tunnel.onMessage((message: FromTunnel) => {
    switch (message.kind) {
      case 'ready': {
        const failure = inner.up(message.tunName);
        if (failure !== null) {
          console.error(`jvpn agent: ${explain(failure)}`);
          return end(1);
        }
        if (isJson) console.log(JSON.stringify({ ready: true, tun: message.tunName, device }));
        else console.error(`jvpn agent: ${message.tunName} is up, device ${device}`);
        return;
      }
      case 'persist': {
        const isDurable = memory.save(message.durable);
        tunnel.post({ kind: 'persisted', ticket: message.ticket, isDurable });
        if (isStopping && message.durable.terminated !== null) end(0);
        return;
      }
      case 'reserveTimestamps': {
        const more = memory.reserveTimestamps(Math.max(message.atLeastMs, clock.wallMs()));
        if (more !== null) tunnel.post({ kind: 'timestamps', grant: more });
        return;
      }
      case 'assign': {
        const failure = inner.assign(message);
        if (failure !== null) console.error(`jvpn agent: ${explain(failure)}`);
        return;
      }
      case 'audit':
        audit.append(message.event);
        control.telemetry?.noteChange(message.event.event);
        if (isVerbose) console.log(JSON.stringify(audit.recent(1)[0]));
        return;
      case 'failed':
        console.error(`jvpn agent: ${message.message}`);
        return end(1);
      case 'status':
        return;
    }
  });
  const worker = startWorker('agent/tunnel.ts', setup, [port2 as never]);
  worker.on('error', (error) => {
    console.error(`jvpn agent: the tunnel thread failed: ${error}`);
    end(1);
  });

  const control = new AgentControl({ start, tunnel, audit, memory, device, inner });
  const server = await serveControl({
    path: start.path(config.control.socket),
    handle: (request) => control.handle(request),
  });
  if (!server.ok) throw new StartError(server.message, 1);
  const telemetry = startTelemetry({ start, device, status: () => tunnel.status() });
  control.telemetry = telemetry;

  const stop = () => {
    if (isStopping) return end(1);
    isStopping = true;
    if (config.hub.mode === 'plain') return end(0);
    tunnel.post({ kind: 'terminate', reasonCode: 'shutdown' });
    setTimeout(() => end(1), SHUTDOWN_MAX_MS).unref();
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);

  const exitCode = await ended;
  await telemetry.stop();
  server.value.close();
  audit.close();
  return exitCode;
}

function need<T>(result: HalResult<T>): T {
  if (result.ok) return result.value;
  throw new StartError(explain(result), 1);
}
