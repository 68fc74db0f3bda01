#!/usr/bin/env bun
/**
 * `jvpn`: the one binary. Finds the subcommand and hands over; imports it only when it is asked for.
 *
 * @module
 */
import { nearest } from '../policies/nearest.ts';
import { versionLine } from './version.ts';

const HELP = `Usage: jvpn COMMAND [OPTIONS]

One encrypted session that outlives its links.

Daemons
  agent     the device daemon
  hub       the concentrator daemon
  fleet     the dashboard of all devices that report to one broker

What a running daemon is doing
  status    state, binding, links, counters
  links     quality of each link (agent)
  sessions  the sessions of a hub
  events    the newest audit events
  audit     replay audit logs against the invariants
  report    a review of audit logs, or of what a fleet remembers, as Markdown and as a page

Operator actions
  keygen     make a private key, print the public one
  enroll     tell a hub about a device
  policy     lint FILE: check a policy; budget: what it costs an idle device; reload: follow a changed one;
             sign, verify: signed documents; push: send them to devices
  rebind     move an agent's session to another link
  terminate  end a session, with a reason
  command    send a signed command to a device over MQTT, and print its answer

  jvpn COMMAND --help   more about one command
  jvpn --version        version, commit and platform

Exit: 0 done, 1 failed, 2 the input was wrong.`;

type Run = (argv: readonly string[]) => Promise<number>;

const COMMANDS: Readonly<Record<string, () => Promise<Run>>> = {
  agent: async () => (await import('./main.ts')).runAgent,
  hub: async () => (await import('../hub/main.ts')).runHub,
  fleet: async () => (await import('../fleet/main.ts')).runFleet,
  enroll: async () => (await import('../hub/cli/enroll.ts')).runEnroll,
  audit: async () => (await import('./cli/audit.ts')).runAudit,
  report: async () => (await import('./cli/report.ts')).runReport,
  keygen: async () => (await import('./cli/keygen.ts')).runKeygen,
  policy: async () => (await import('./cli/policy.ts')).runPolicy,
  status: async () => (await import('./cli/ask.ts')).runStatus,
  links: async () => (await import('./cli/ask.ts')).runLinks,
  sessions: async () => (await import('./cli/ask.ts')).runSessions,
  events: async () => (await import('./cli/ask.ts')).runEvents,
  rebind: async () => (await import('./cli/ask.ts')).runRebind,
  terminate: async () => (await import('./cli/ask.ts')).runTerminate,
  command: async () => (await import('./cli/command.ts')).runCommand,
};

async function main(argv: readonly string[]): Promise<number> {
  const [command, ...rest] = argv;
  if (command === undefined || command === '--help' || command === '-h' || command === 'help') {
    console.log(HELP);
    return command === undefined ? 2 : 0;
  }
  if (command === '--version' || command === '-V') {
    console.log(versionLine());
    return 0;
  }
  const load = Object.hasOwn(COMMANDS, command) ? COMMANDS[command] : undefined;
  if (load === undefined) {
    const known = Object.keys(COMMANDS);
    const meant = nearest(command, known);
    const hint = meant === null ? '' : ` Did you mean "${meant}"?`;
    console.error(`jvpn: there is no command "${command}".${hint} Commands: ${known.join(', ')}`);
    return 2;
  }
  return (await load())(rest);
}

process.exit(await main(process.argv.slice(2)));
