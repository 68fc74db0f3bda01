/**
 * `jvpn command`: signs a command for one device, publishes it, and waits for the answer.
 *
 * The version is the time in milliseconds, so it grows by itself. Of two operators at the same moment the later time wins, and the
 * other one is answered `document_replayed`, if his came second.
 *
 * @module
 */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { answerTopic, commandTopic } from '../../hal/mqtt/commandTopic.ts';
import { placeOf } from '../../hal/mqtt/place.ts';
import { COMMANDS, type Command, commandBody, commandOf } from '../../policies/signed/body.ts';
import { isTargetName, targetText } from '../../policies/signed/claims.ts';
import { reopenDocument } from '../../policies/signed/open.ts';
import { isRefused } from '../../policies/signed/refusal.ts';
import { hexToBytes } from '../../session/bytes.ts';
import { EXIT, parseArguments, TERMINAL, type Terminal } from './arguments.ts';
import { answerLines, isCarriedOut, readAnswer } from './commandAnswer.ts';
import { type Exchange, exchange } from './commandExchange.ts';
import { BEHIND_S, LASTS_S, signClaims, timeOf, Unusable } from './signing.ts';

const HELP = `Usage: jvpn command NAME --device DEVICE --signing-key-file KEY --broker URL [--link LINK]
       jvpn command --document FILE --broker URL [--device DEVICE]

Sends a signed command to one device over MQTT, waits for its answer and prints it (docs/push.md, "Commands").

  NAME                     ${COMMANDS.join(', ')}
  --device DEVICE          its name in the topics: telemetry.device, or its public key in base64url
  --fleet FLEET            first part of the topics (default: jvpn)
  --link LINK              the link of rebind
  --signing-key-file KEY   as \`jvpn keygen --signing\` writes it
  --document FILE          a command of \`jvpn policy sign --command\` instead
  --expires TIME           UTC like 2026-12-24T18:00:00Z (default: in five minutes)
  --broker URL             mqtt, mqtts, ws or wss
  --username NAME, --password-file FILE
  --ca-file FILE           certificates that the broker is checked against; with mqtts or wss alone, as the next two
  --certificate-file FILE, --key-file FILE
  --timeout-s N            1 to 3600 (default: 30)
  --json                   the answer as JSON
  --help                   this text

Exit: 0 carried out, 1 refused or no answer, 2 wrong usage.`;

const FLAGS = {
  device: { type: 'string' },
  fleet: { type: 'string' },
  link: { type: 'string' },
  'signing-key-file': { type: 'string' },
  document: { type: 'string' },
  expires: { type: 'string' },
  broker: { type: 'string' },
  username: { type: 'string' },
  'password-file': { type: 'string' },
  'ca-file': { type: 'string' },
  'certificate-file': { type: 'string' },
  'key-file': { type: 'string' },
  'timeout-s': { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean' },
} as const;

type Flags = { readonly [Name in keyof typeof FLAGS]?: string | boolean };

interface Made {
  readonly document: Uint8Array;
  readonly command: Command;
  readonly device: string;
  readonly expiresS: number;
}

export async function runCommand(
  argv: readonly string[],
  terminal: Terminal = TERMINAL,
  wallMs = Date.now(),
  send: typeof exchange = exchange,
): Promise<number> {
  const parsed = parseArguments(argv, FLAGS, 1);
  if (!parsed.ok) return usage(terminal, parsed.message);
  const { flags, operands } = parsed;
  if (flags.help === true) {
    terminal.out(HELP);
    return EXIT.ok;
  }
  try {
    const connection = connectionOf(flags);
    const fleet = nameOf(flags.fleet ?? 'jvpn', 'fleet');
    const [name] = operands;
    const made =
      flags.document === undefined ? sign(name, flags, fleet, wallMs) : read(name, flags);
    return await ask(made, fleet, wallMs, { ...connection, send }, terminal, flags.json === true);
  } catch (error) {
    if (!(error instanceof Unusable)) throw error;
    if (error.exitCode === EXIT.usage) return usage(terminal, error.message);
    return failure(terminal, error.message);
  }
}

type Connection = Omit<
  Exchange,
  'commandTopic' | 'answerTopic' | 'document' | 'correlation' | 'expiresInS'
>;

async function ask(
  { document, command, device, expiresS }: Made,
  fleet: string,
  wallMs: number,
  { send, ...connection }: Connection & { readonly send: typeof exchange },
  terminal: Terminal,
  isJson: boolean,
): Promise<number> {
  const exchanged = await send({
    ...connection,
    commandTopic: commandTopic(fleet, device, command),
    answerTopic: answerTopic(fleet, device, command),
    ...{ document, correlation: hexToBytes(command.id) },
    expiresInS: Math.max(1, Math.ceil(expiresS - wallMs / 1_000)),
  });
  if (!exchanged.ok) return failure(terminal, exchanged.message);
  const answer = readAnswer(exchanged.answer, command.id);
  if (answer === null) return failure(terminal, 'the answer is none to this command');
  terminal.out(isJson ? JSON.stringify(answer, null, 2) : answerLines(answer).join('\n'));
  return isCarriedOut(answer) ? EXIT.ok : EXIT.failure;
}

function sign(operand: string | undefined, flags: Flags, fleet: string, wallMs: number): Made {
  const name = COMMANDS.find((known) => known === operand);
  if (name === undefined) throw new Unusable(`NAME: one of ${COMMANDS.join(', ')}`, 2);
  const device = nameOf(flags.device, 'device');
  const link = typeof flags.link === 'string' ? flags.link : null;
  if ((name === 'rebind') !== (link !== null)) {
    throw new Unusable(name === 'rebind' ? '--link is missing' : `--link: not of ${name}`, 2);
  }
  const keyFile = textOf(flags['signing-key-file'], 'signing-key-file');
  const notBeforeS = Math.floor(wallMs / 1_000) - BEHIND_S;
  const expiresS = timeOf(flags.expires, 'expires') ?? notBeforeS + LASTS_S.command;
  const id = new Uint8Array(randomBytes(16));
  const body = commandBody({ name, link }, id);
  const target = { level: 'device', fleet, name: device } as const;
  const version = Math.floor(wallMs);
  const claims = { kind: 'command', target, version, notBeforeS, expiresS, body } as const;
  const { document } = signClaims(claims, keyFile);
  const command = commandOf({ ...claims, body });
  if (isRefused(command)) throw new Unusable(command.detail, 1);
  return { document, device, command: command.command, expiresS };
}

/** One that was signed elsewhere. Whether its signature counts is the device's to say. */
function read(operand: string | undefined, flags: Flags): Made {
  const others = ['link', 'signing-key-file', 'expires'] as const;
  const other = others.find((name) => flags[name] !== undefined);
  if (operand !== undefined || other !== undefined) {
    throw new Unusable(`--document says all of it: ${operand ?? `--${other}`} is too much`, 2);
  }
  const file = textOf(flags.document, 'document');
  const document = bytesOf(file);
  const opened = reopenDocument(document);
  if (isRefused(opened)) throw new Unusable(`${file}: ${opened.detail}`, 1);
  const asked = opened.kind === 'command' ? commandOf(opened) : null;
  if (asked === null) throw new Unusable(`${file}: a ${opened.kind}, and no command`, 1);
  if (isRefused(asked)) throw new Unusable(`${file}: ${asked.detail}`, 1);
  const { level, name } = opened.target;
  if (flags.device === undefined && level !== 'device') {
    throw new Unusable(`--device is missing: the document is for ${targetText(opened.target)}`, 2);
  }
  const device = nameOf(flags.device ?? name, 'device');
  return { document, device, command: asked.command, expiresS: opened.expiresS };
}

function connectionOf(flags: Flags): Connection {
  const url = textOf(flags.broker, 'broker');
  const protocol = placeOf(url)?.protocol ?? null;
  if (protocol === null) throw new Unusable('--broker: mqtt, mqtts, ws or wss, and a host', 2);
  const hasTls = protocol === 'mqtts' || protocol === 'wss';
  const certified = (['ca-file', 'certificate-file', 'key-file'] as const).find(
    (name) => flags[name],
  );
  if (!hasTls && certified !== undefined) {
    throw new Unusable(`--${certified}: the broker is asked without TLS`, 2);
  }
  if ((flags['certificate-file'] === undefined) !== (flags['key-file'] === undefined)) {
    throw new Unusable('--certificate-file and --key-file, both or none', 2);
  }
  return {
    ...{ url, username: orNull(flags.username), passwordFile: orNull(flags['password-file']) },
    ...{ caFile: orNull(flags['ca-file']), certificateFile: orNull(flags['certificate-file']) },
    ...{ keyFile: orNull(flags['key-file']), timeoutMs: timeoutOf(flags['timeout-s']) },
  };
}

function timeoutOf(text: unknown): number {
  if (text === undefined) return 30_000;
  const seconds = typeof text === 'string' && /^[1-9][0-9]{0,3}$/.test(text) ? Number(text) : 0;
  if (seconds < 1 || seconds > 3_600) throw new Unusable('--timeout-s: 1 to 3600', 2);
  return seconds * 1_000;
}

function nameOf(text: unknown, flag: string): string {
  const name = textOf(text, flag);
  if (!isTargetName(name)) throw new Unusable(`--${flag}: 1 to 64 of A-Z a-z 0-9 _ . -`, 2);
  return name;
}

function textOf(text: unknown, flag: string): string {
  if (typeof text !== 'string') throw new Unusable(`--${flag} is missing`, 2);
  return text;
}

const orNull = (text: unknown) => (typeof text === 'string' ? text : null);

function bytesOf(file: string): Uint8Array {
  try {
    return new Uint8Array(readFileSync(file));
  } catch (error) {
    throw new Unusable(`${file}: ${error instanceof Error ? error.message : error}`, 1);
  }
}

function failure(terminal: Terminal, message: string): number {
  terminal.err(`jvpn command: ${message}`);
  return EXIT.failure;
}

function usage(terminal: Terminal, message: string): number {
  terminal.err(`jvpn command: ${message}\n\n${HELP}`);
  return EXIT.usage;
}
