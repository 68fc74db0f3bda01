/**
 * The control socket on a unix stream socket, server side. `controlClient.ts` is the other end.
 *
 * It is mode 0600 from the moment it exists (umask around the bind). A socket that a dead daemon left
 * behind is removed, but only when nobody answers on it; anything else at that path is left alone.
 *
 * @module
 */
import { lstatSync, mkdirSync, unlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import {
  CLIENT_IDLE_MS,
  CLIENTS_MAX,
  type ControlAnswer,
  type ControlHandler,
  type ControlRefusal,
  type ControlServer,
  isRefusal,
  REQUEST_BYTES_MAX,
  readRequest,
  refused,
} from '../control.ts';

export interface ControlOptions {
  readonly path: string;
  readonly handle: ControlHandler;
  /** Tests shorten it. */
  readonly idleMs?: number;
}

/** Fails with `controlInUse`, `permissionDenied` or `controlFailed`, each with its sentence. */
export async function serveControl(
  options: ControlOptions,
): Promise<{ readonly ok: true; readonly value: ControlServer } | ControlRefusal> {
  const { path } = options;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const occupant = await removeStale(path);
    if (occupant !== null) return occupant;
    return { ok: true, value: new SocketServer(options) };
  } catch (error) {
    return failureOf(error, path);
  }
}

async function removeStale(path: string): Promise<ControlRefusal | null> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return null;
  if (!found.isSocket()) {
    return refused('controlFailed', `${path} exists and is not a socket; move it away first.`);
  }
  try {
    const living = await Bun.connect({ unix: path, socket: { data() {} } });
    living.end();
    return refused('controlInUse', `Another daemon answers on ${path}.`);
  } catch {
    unlinkSync(path);
    return null;
  }
}

function failureOf(error: unknown, path: string): ControlRefusal {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  if (code === 'EADDRINUSE') return refused('controlInUse', `Another daemon answers on ${path}.`);
  if (code === 'EACCES' || code === 'EPERM') {
    return refused('permissionDenied', `No permission to make the control socket ${path}.`);
  }
  const detail = error instanceof Error ? error.message : String(error);
  return refused('controlFailed', `The control socket ${path} cannot be made: ${detail}`);
}

interface Client {
  /** Their own memory: what the socket hands out is used again. */
  readonly chunks: Uint8Array[];
  receivedBytes: number;
  /** Answers not yet taken by the kernel: one at most, and what is said at the end. */
  readonly unsent: Uint8Array[];
  isAnswering: boolean;
  isClosing: boolean;
  patience: ReturnType<typeof setTimeout> | null;
}

type ClientSocket = Bun.Socket<Client>;

/**
 * Whoever opens the socket may do with it what it likes: say nothing, ask by the byte, ask without end, read nothing.
 * Each client has so much time for its next request, and again for taking the answer, whatever it does meanwhile. The
 * next request is read when the answer before it has been taken. Where all places are taken, the client that has waited
 * longest without a request makes room: an honest one asks as soon as it is connected.
 */
class SocketServer implements ControlServer {
  readonly counters = { tooMany: 0, idle: 0, unread: 0, tooLong: 0 };
  readonly #handle: ControlHandler;
  readonly #idleMs: number;
  /** In order of their last request. */
  readonly #clients = new Set<ClientSocket>();
  readonly #listener: Bun.UnixSocketListener<Client>;

  constructor({ path, handle, idleMs = CLIENT_IDLE_MS }: ControlOptions) {
    this.#handle = handle;
    this.#idleMs = idleMs;
    const before = process.umask(0o177);
    try {
      this.#listener = Bun.listen<Client>({
        unix: path,
        socket: {
          open: (socket) => this.#onOpen(socket),
          data: (socket, chunk) => this.#onData(socket, chunk),
          drain: (socket) => this.#flush(socket),
          close: (socket) => this.#forget(socket),
          error: (socket) => this.#cut(socket),
        },
      });
    } finally {
      process.umask(before);
    }
  }

  close(): void {
    for (const socket of [...this.#clients]) this.#cut(socket);
    this.#listener.stop(true);
  }

  #onOpen(socket: ClientSocket): void {
    socket.data = {
      chunks: [],
      receivedBytes: 0,
      unsent: [],
      isAnswering: false,
      isClosing: false,
      patience: null,
    };
    this.#clients.add(socket);
    this.#arm(socket);
    if (this.#clients.size <= CLIENTS_MAX) return;
    this.counters.tooMany += 1;
    const longest = [...this.#clients].find(({ data }) => !data.isAnswering) ?? socket;
    this.#dismiss(longest, refused('tooManyClients', 'Too many control clients; try again.'));
  }

  #onData(socket: ClientSocket, chunk: Uint8Array): void {
    const client = socket.data;
    if (client.isClosing) return;
    client.chunks.push(Uint8Array.from(chunk));
    client.receivedBytes += chunk.length;
    void this.#answer(socket);
  }

  /** One request at a time, and others get their turn in between; what follows waits, bounded. */
  async #answer(socket: ClientSocket): Promise<void> {
    const client = socket.data;
    if (!this.#clients.has(socket)) return; // gone since this was put off
    if (client.isAnswering || client.isClosing || client.unsent.length > 0) {
      return this.#refuseTooLong(socket);
    }
    const line = takeLine(client);
    if (line === null) return this.#refuseTooLong(socket);
    client.isAnswering = true;
    this.#arm(socket);
    const answer = await this.#ask(line);
    client.isAnswering = false;
    if (!this.#clients.delete(socket)) return;
    this.#clients.add(socket);
    this.#arm(socket);
    this.#send(socket, answer);
  }

  #refuseTooLong(socket: ClientSocket): void {
    if (socket.data.isClosing || socket.data.receivedBytes <= REQUEST_BYTES_MAX) return;
    this.counters.tooLong += 1;
    this.#finish(socket, tooLong());
  }

  async #ask(line: string): Promise<ControlAnswer> {
    const request = line.length > REQUEST_BYTES_MAX ? tooLong() : readRequest(line);
    if (isRefusal(request)) return request;
    try {
      return await this.#handle(request);
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      return refused('requestFailed', `${request.method}: ${detail}`);
    }
  }

  /** Say this, then close; it may take as long as any other answer. */
  #finish(socket: ClientSocket, answer: ControlAnswer): void {
    socket.data.isClosing = true;
    this.#arm(socket);
    this.#send(socket, answer);
  }

  /** Say this if the kernel takes it at once, and close. */
  #dismiss(socket: ClientSocket, answer: ControlAnswer): void {
    if (socket.data.unsent.length === 0) socket.write(lineOf(answer));
    this.#cut(socket);
  }

  #send(socket: ClientSocket, answer: ControlAnswer): void {
    socket.data.unsent.push(lineOf(answer));
    this.#flush(socket);
  }

  #flush(socket: ClientSocket): void {
    const client = socket.data;
    for (let next = client.unsent[0]; next !== undefined; next = client.unsent[0]) {
      const written = Math.max(0, socket.write(next));
      if (written < next.length) {
        client.unsent[0] = next.subarray(written);
        return;
      }
      client.unsent.shift();
      this.#arm(socket);
    }
    if (client.isClosing) socket.end();
    else if (client.receivedBytes > 0) setImmediate(() => void this.#answer(socket));
  }

  /** From here on it has its time for what is next. Not one that is gone: its timer would keep what it sent. */
  #arm(socket: ClientSocket): void {
    if (!this.#clients.has(socket)) return;
    const client = socket.data;
    if (client.patience !== null) clearTimeout(client.patience);
    client.patience = setTimeout(() => {
      if (client.unsent.length > 0) this.counters.unread += 1;
      else this.counters.idle += 1;
      this.#cut(socket);
    }, this.#idleMs);
    client.patience.unref();
  }

  #cut(socket: ClientSocket): void {
    this.#forget(socket);
    socket.terminate();
  }

  #forget(socket: ClientSocket): void {
    this.#clients.delete(socket);
    if (socket.data?.patience) clearTimeout(socket.data.patience);
  }
}

const lineOf = (answer: ControlAnswer) => new TextEncoder().encode(`${JSON.stringify(answer)}\n`);

const tooLong = () => refused('requestTooLong', `At most ${REQUEST_BYTES_MAX} bytes a request.`);

/** The first whole line, taken out of the client's buffer, or null. */
function takeLine(client: Client): string | null {
  if (!client.chunks.some((chunk) => chunk.includes(0x0a))) return null;
  const all = client.chunks.length === 1 ? client.chunks[0]! : Buffer.concat(client.chunks);
  const end = all.indexOf(0x0a);
  const rest = all.subarray(end + 1);
  client.chunks.length = 0;
  if (rest.length > 0) client.chunks.push(rest);
  client.receivedBytes = rest.length;
  return new TextDecoder().decode(all.subarray(0, end));
}

/** For handlers: a method that the daemon does not have. */
export function unknownMethod(method: string): ControlAnswer {
  return refused('unknownMethod', `This daemon has no method ${JSON.stringify(method)}.`);
}
