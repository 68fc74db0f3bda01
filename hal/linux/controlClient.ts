/**
 * Asks a running daemon over its control socket. Every failure is a sentence for the person who asked.
 *
 * @module
 */
import { type ControlAnswer, type ControlRequest, readAnswer, refused } from '../control.ts';

/** Longest answer taken: the sessions of a large hub are a few MiB. */
const ANSWER_BYTES_MAX = 64 * 1024 * 1024;

/**
 * Ask once. Besides the daemon's own answers: `daemonNotRunning`, `permissionDenied`, `noAnswer`
 * (in time), `answerMalformed`, `controlFailed`.
 */
export function askControl(
  path: string,
  request: ControlRequest,
  timeoutMs: number,
): Promise<ControlAnswer> {
  return new Promise((resolve) => {
    let open: Bun.Socket | null = null;
    let isSettled = false;
    const settle = (answer: ControlAnswer) => {
      if (isSettled) return;
      isSettled = true;
      clearTimeout(patience);
      open?.terminate();
      resolve(answer);
    };
    const patience = setTimeout(
      () => settle(refused('noAnswer', `The daemon at ${path} did not answer in ${timeoutMs} ms.`)),
      timeoutMs,
    );

    let unsent = new TextEncoder().encode(`${JSON.stringify(request)}\n`);
    const send = (socket: Bun.Socket) => {
      unsent = unsent.subarray(Math.max(0, socket.write(unsent)));
    };
    const received: Uint8Array[] = [];
    let receivedBytes = 0;
    Bun.connect({
      unix: path,
      socket: {
        open(socket) {
          open = socket;
          if (isSettled) socket.terminate();
          else send(socket);
        },
        drain: send,
        data(_, chunk) {
          received.push(Uint8Array.from(chunk));
          receivedBytes += chunk.length;
          if (receivedBytes > ANSWER_BYTES_MAX) return settle(malformed());
          if (chunk.includes(0x0a)) settle(readAnswer(firstLine(received)));
        },
        close: () => settle(refused('noAnswer', `The daemon at ${path} closed the connection.`)),
        error: (_, error) => settle(failureOf(error, path)),
      },
    }).catch((error: unknown) => settle(failureOf(error, path)));
  });
}

const malformed = () => refused('answerMalformed', 'The daemon answered more than it may.');

function firstLine(received: readonly Uint8Array[]): string {
  const all = Buffer.concat(received);
  return all.toString('utf8', 0, all.indexOf(0x0a));
}

function failureOf(error: unknown, path: string): ControlAnswer {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  switch (code) {
    case 'ENOENT':
    case 'ECONNREFUSED':
      return refused('daemonNotRunning', `No daemon answers on ${path}. Is it running?`);
    case 'EACCES':
    case 'EPERM':
      return refused(
        'permissionDenied',
        `No permission to use ${path}. Ask as the user that the daemon runs as, or as root.`,
      );
    default:
      return refused('controlFailed', `${path}: ${error instanceof Error ? error.message : error}`);
  }
}
