/**
 * The control socket itself: bytes of a client, cut into pieces in any way, over a real unix socket.
 *
 * Held against it: each whole line is answered by one line, in order and whatever the cuts; a line that
 * is too long ends that client and nobody else; the next client is served as if nothing had been.
 *
 * @module
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  answered,
  type ControlServer,
  isRefusal,
  REQUEST_BYTES_MAX,
  readAnswer,
  readRequest,
} from '../../../hal/control.ts';
import { serveControl } from '../../../hal/linux/controlSocket.ts';
import type { Random } from '../../sim/random.ts';
import { Tape, TapeWriter } from '../tape.ts';
import { demand, Finding, type Target } from '../target.ts';

const PIECES_MAX = 16;
const WAIT_MS_MAX = 5_000;
const NEWLINE = 0x0a;
/** What a tape asks to be blown up to more than a request may have. */
const HUGE = 0xee;

interface Served {
  readonly folder: string;
  readonly path: string;
  readonly server: ControlServer;
}
let served: Promise<Served> | null = null;

/** Pieces, each a block; the first byte of one that is {@link HUGE} makes it longer than a request. */
export const socket: Target = {
  name: 'socket',
  what: 'a client of the control socket, piece by piece',
  covers: ['hal/linux/controlSocket.ts', 'hal/control.ts'],
  bytesMax: 4_096,
  words: ['{"method":"x"}\n', '\n', '\n\n', '{"method":"fail"}\n'].map((word) =>
    new TextEncoder().encode(word),
  ),
  generate(random) {
    const tape = new TapeWriter();
    const text = new TextEncoder().encode(lines(random));
    for (let at = 0; at < text.length; ) {
      const bytes = random.between(1, 30);
      tape.block(text.subarray(at, at + bytes));
      at += bytes;
    }
    if (random.chance(2)) tape.block(Uint8Array.of(HUGE));
    return tape.done();
  },
  async judge(input) {
    const tape = new Tape(input);
    const pieces: Uint8Array[] = [];
    while (tape.hasMore && pieces.length < PIECES_MAX) {
      const piece = tape.block();
      if (piece.length > 0)
        pieces.push(piece[0] === HUGE ? new Uint8Array(REQUEST_BYTES_MAX + 1).fill(0x61) : piece);
    }
    served ??= serve();
    const { path } = await served;
    const all = Buffer.concat(pieces);
    const wanted = wantedAnswers(all);
    const answers = await talk(path, pieces, wanted.codes.length);
    const isOver = wanted.codes.at(-1) === 'requestTooLong';
    demand(isOver || answers.length === wanted.codes.length, 'no more answers than lines');
    demand(
      answers.slice(0, wanted.codes.length).join() === wanted.codes.join(),
      `each line has its answer: ${answers.length} of ${wanted.codes.length}`,
    );
    const after = await talk(path, [new TextEncoder().encode('{"method":"x"}\n')], 1);
    demand(after.join() === 'ok', 'the next client is served');
    return wanted.codes.includes('ok') ? 'accepted' : 'refused';
  },
  async close() {
    if (served === null) return;
    const { folder, server } = await served;
    served = null;
    server.close();
    rmSync(folder, { recursive: true });
  },
};

/** By the book: split at newlines, then what `readRequest` says; whatever is too long is the last. */
function wantedAnswers(all: Buffer): { readonly codes: readonly string[] } {
  const codes: string[] = [];
  let at = 0;
  for (let end = all.indexOf(NEWLINE); end >= 0; end = all.indexOf(NEWLINE, at)) {
    const line = all.toString('utf8', at, end);
    const request = readRequest(line);
    at = end + 1;
    if (line.length > REQUEST_BYTES_MAX) codes.push('requestTooLong');
    else if (isRefusal(request)) codes.push(request.code);
    else codes.push(request.method === 'fail' ? 'requestFailed' : 'ok');
  }
  if (all.length - at > REQUEST_BYTES_MAX) codes.push('requestTooLong');
  // Whether what follows is still read depends on how the kernel cut it.
  const last = codes.indexOf('requestTooLong');
  return { codes: last < 0 ? codes : codes.slice(0, last + 1) };
}

async function talk(path: string, pieces: readonly Uint8Array[], count: number): Promise<string[]> {
  const codes: string[] = [];
  let text = '';
  const done = Promise.withResolvers<void>();
  const client = await Bun.connect({
    unix: path,
    socket: {
      data(_, chunk) {
        const all = (text + chunk.toString()).split('\n');
        text = all.pop() ?? '';
        for (const line of all) {
          const answer = readAnswer(line);
          codes.push(answer.ok ? 'ok' : answer.code);
        }
        if (codes.length >= count) done.resolve();
      },
      close: () => done.resolve(),
      error: (_, error) => done.reject(error),
    },
  });
  const patience = setTimeout(() => done.reject(new Finding('no answer')), WAIT_MS_MAX);
  for (const piece of pieces) {
    for (let at = 0; at < piece.length; ) {
      at += Math.max(0, client.write(piece.subarray(at)));
      if (at < piece.length) await Bun.sleep(0);
      if (client.readyState !== 1) break;
    }
    client.flush();
    if (pieces.length > 1) await Bun.sleep(0);
  }
  if (count > 0) await done.promise.finally(() => clearTimeout(patience));
  clearTimeout(patience);
  client.end();
  return codes;
}

async function serve(): Promise<Served> {
  const folder = mkdtempSync(join(tmpdir(), 'jvpn-fuzz-'));
  const path = join(folder, 'control.sock');
  const opened = await serveControl({
    path,
    handle: async ({ method }) => {
      if (method === 'fail') throw new Error('as asked');
      return answered(null);
    },
  });
  demand(opened.ok, 'the socket is served');
  return { folder, path, server: opened.value };
}

function lines(random: Random): string {
  return Array.from({ length: random.between(1, 6) }, () => {
    const all = [
      '{"method":"x"}',
      '{"method":"fail"}',
      '{"method":7}',
      '',
      '[]',
      '{',
      'null',
      '"\u00e4"',
    ];
    const line = all[random.below(all.length)]!;
    return random.chance(92) ? `${line}\n` : line;
  }).join('');
}
