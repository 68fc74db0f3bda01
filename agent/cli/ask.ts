/**
 * The commands that ask a running daemon over its control socket: status, links, sessions, events,
 * rebind, terminate, policy reload.
 *
 * @module
 */
import { existsSync } from 'node:fs';
import type { ControlRequest } from '../../hal/control.ts';
import { askControl } from '../../hal/linux/controlClient.ts';
import { EXIT, parseArguments, TERMINAL, type Terminal } from './arguments.ts';
import { denialOf, eventLines, linkLines, policyLines, sessionLines, statusLines } from './show.ts';

const SOCKETS = ['/run/jvpn/agent.sock', '/run/jvpn/hub.sock'];
const ANSWER_MAX_MS = 3_000;
const WATCH_MS = 1_000;

interface Question {
  readonly name: string;
  readonly summary: string;
  readonly operand: string | null;
  /** Whether the answer can be watched: read commands only. */
  readonly isRead: boolean;
  readonly request: (operand: string | undefined) => ControlRequest;
  readonly show: (value: unknown) => readonly string[];
  /** Why the daemon does not do it, from its answer; null: it does. */
  readonly denial?: (value: unknown) => string | null;
}

const asked = () => ['asked; `jvpn events` shows what came of it'];

const STATUS: Question = {
  name: 'status',
  summary: 'state, binding, links and counters of a running agent or hub',
  operand: null,
  isRead: true,
  request: () => ({ method: 'status' }),
  show: statusLines,
};
const LINKS: Question = {
  name: 'links',
  summary: 'quality of each link of a running agent',
  operand: null,
  isRead: true,
  request: () => ({ method: 'links' }),
  show: linkLines,
};
const SESSIONS: Question = {
  name: 'sessions',
  summary: 'the sessions of a running hub',
  operand: null,
  isRead: true,
  request: () => ({ method: 'sessions' }),
  show: sessionLines,
};
const EVENTS: Question = {
  name: 'events',
  summary: 'the newest audit events of a running daemon',
  operand: null,
  isRead: true,
  request: () => ({ method: 'events' }),
  show: eventLines,
};
const REBIND: Question = {
  name: 'rebind',
  summary: 'move the session of a running agent to another link',
  operand: 'LINK',
  isRead: false,
  request: (link) => ({ method: 'rebind', link }),
  show: asked,
  denial: denialOf,
};
const TERMINATE: Question = {
  name: 'terminate',
  summary: 'end a session: the agent\u2019s own, or at a hub the one of DEVICE',
  operand: '[DEVICE]',
  isRead: false,
  request: (device) => ({ method: 'terminate', device }),
  show: asked,
  denial: denialOf,
};

const POLICY_RELOAD: Question = {
  name: 'policy reload',
  summary: 'read the policy of a running agent or hub again, and follow it while sessions live',
  operand: null,
  isRead: false,
  request: () => ({ method: 'reload_policy' }),
  show: policyLines,
};

const run =
  (question: Question) =>
  (argv: readonly string[], terminal: Terminal = TERMINAL) =>
    ask(question, argv, terminal);
export const runStatus = run(STATUS);
export const runLinks = run(LINKS);
export const runSessions = run(SESSIONS);
export const runEvents = run(EVENTS);
export const runRebind = run(REBIND);
export const runTerminate = run(TERMINATE);
export const runPolicyReload = run(POLICY_RELOAD);

function help({ name, summary, operand, isRead }: Question): string {
  const watch = isRead ? '\n  --watch        show it again each second until interrupted' : '';
  return `Usage: jvpn ${name}${operand === null ? '' : ` ${operand}`} [--socket PATH] [--json]${isRead ? ' [--watch]' : ''}

Shows ${summary}.

  --socket PATH  control socket of the daemon; default: the first of ${SOCKETS.join(', ')}
  --json         the answer as JSON${watch}
  --help         this text

Exit: 0 done, 1 the daemon did not answer or refused, 2 the input was wrong.`
    .replace('Shows end', 'Asks to end')
    .replace('Shows move', 'Asks to move')
    .replace('Shows read', 'Asks to read');
}

async function ask(
  question: Question,
  argv: readonly string[],
  terminal: Terminal,
): Promise<number> {
  const flags = {
    socket: { type: 'string' },
    json: { type: 'boolean' },
    watch: { type: 'boolean' },
    help: { type: 'boolean' },
  } as const;
  const parsed = parseArguments(argv, flags, question.operand === null ? 0 : 1);
  if (!parsed.ok) return usage(question, parsed.message, terminal);
  if (parsed.flags.help === true) {
    terminal.out(help(question));
    return EXIT.ok;
  }
  if (parsed.flags.watch === true && !question.isRead)
    return usage(question, '--watch is for commands that only read', terminal);
  const [operand] = parsed.operands;
  if (operand === undefined && question.operand === 'LINK')
    return usage(question, 'LINK is missing', terminal);
  const socket = parsed.flags.socket ?? SOCKETS.find((path) => existsSync(path)) ?? SOCKETS[0]!;
  for (;;) {
    const answer = await askControl(socket, question.request(operand), ANSWER_MAX_MS);
    if (!answer.ok) {
      terminal.err(`jvpn ${question.name}: ${answer.message}`);
      return EXIT.failure;
    }
    const isJson = parsed.flags.json === true;
    const denial = question.denial?.(answer.value) ?? null;
    if (denial !== null && !isJson) {
      terminal.err(`jvpn ${question.name}: ${denial}`);
      return EXIT.failure;
    }
    terminal.out(
      isJson
        ? JSON.stringify(answer.value, null, parsed.flags.watch ? 0 : 2)
        : question.show(answer.value).join('\n'),
    );
    if (parsed.flags.watch !== true) return denial === null ? EXIT.ok : EXIT.failure;
    await Bun.sleep(WATCH_MS);
  }
}

function usage(question: Question, message: string, terminal: Terminal): number {
  terminal.err(`jvpn ${question.name}: ${message}\n\n${help(question)}`);
  return EXIT.usage;
}
