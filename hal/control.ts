/**
 * How `jvpn status` and its kin talk to a running daemon: requests and answers, each one JSON line.
 *
 * ```text
 *   → {"method":"status"}
 *   ← {"ok":true,"value":{…}}     or   {"ok":false,"code":"unknownMethod","message":"…"}
 * ```
 *
 * One connection may ask several times, one after the other. Who may connect is the file system's to
 * decide: the socket is mode 0600. `hal/linux/controlSocket.ts` is the real thing.
 *
 * @module
 */

/** Longest request line, its end included. Chosen: an enrolment with 16 routed networks is 1 KiB. */
export const REQUEST_BYTES_MAX = 65_536;
/** A client has this long for a whole request, and again for taking its whole answer; then it is cut. */
export const CLIENT_IDLE_MS = 10_000;
/** Where more connect, the one that has waited longest without a request makes room. Chosen. */
export const CLIENTS_MAX = 64;

export interface ControlRequest {
  readonly method: string;
  readonly [argument: string]: unknown;
}

/** `code` is stable, `message` is a sentence for a person. */
export interface ControlRefusal {
  readonly ok: false;
  readonly code: string;
  readonly message: string;
}

/** `value` survives JSON. */
export type ControlAnswer = { readonly ok: true; readonly value: unknown } | ControlRefusal;

export type ControlHandler = (request: ControlRequest) => ControlAnswer | Promise<ControlAnswer>;

export interface ControlServer {
  /** Clients cut for a reason of ours, by reason. */
  readonly counters: Readonly<Record<'tooMany' | 'idle' | 'unread' | 'tooLong', number>>;
  /** Cuts all clients and removes the socket. */
  close(): void;
}

export const answered = (value: unknown): ControlAnswer => ({ ok: true, value });
export const refused = (code: string, message: string): ControlRefusal => ({
  ok: false,
  code,
  message,
});

/** A request line, any text from anyone. */
export function readRequest(line: string): ControlRequest | ControlRefusal {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return refused('requestMalformed', 'The request is not one line of JSON.');
  }
  if (isRequest(value)) return value;
  return refused('requestMalformed', 'The request is not an object with a "method".');
}

/** An answer line from a daemon, which may be of another version. */
export function readAnswer(line: string): ControlAnswer {
  const malformed = refused('answerMalformed', 'The daemon answered something that is no answer.');
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return malformed;
  }
  if (typeof value !== 'object' || value === null || !('ok' in value)) return malformed;
  if (value.ok === true) return answered('value' in value ? value.value : null);
  if (!('code' in value) || !('message' in value)) return malformed;
  return refused(String(value.code), String(value.message));
}

function isRequest(value: unknown): value is ControlRequest {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    'method' in value &&
    typeof value.method === 'string'
  );
}

/** Whether a request line could not be read. */
export function isRefusal(read: ControlRequest | ControlRefusal): read is ControlRefusal {
  return 'ok' in read && read.ok === false && typeof read.message === 'string';
}
