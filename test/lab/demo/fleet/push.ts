/**
 * The one place in the demo that pushes documents to the fleet: `jvpn policy push`, as anybody has it.
 *
 * @module
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { signingPublicKey } from '../../../../agent/cose.ts';
import { LabProcess } from '../../process.ts';

export interface PusherParts {
  readonly binary: string;
  /** For its key and its files. */
  readonly directory: string;
  readonly url: string;
  readonly fleet: string;
  /** What the command says, line by line. */
  readonly say: (line: string) => void;
}

/** A push that runs. */
export interface Pushing {
  /** Resolves when it says that it is at `stage`; rejects when it ends before. */
  readonly at: (stage: string) => Promise<void>;
  /** The last line that it said, when it ended; `isGood`: with status 0. */
  readonly ended: Promise<{ readonly isGood: boolean; readonly line: string }>;
}

export class Pusher implements AsyncDisposable {
  readonly #parts: PusherParts;
  readonly #key = crypto.getRandomValues(new Uint8Array(32));
  readonly #running: LabProcess[] = [];

  constructor(parts: PusherParts) {
    this.#parts = parts;
    const key = `${Buffer.from(this.#key).toString('base64')}\n`;
    writeFileSync(this.#path('signing.key'), key, { mode: 0o600 });
  }

  /** 32 bytes as base64: what devices are told to trust. */
  get publicKey(): string {
    return Buffer.from(signingPublicKey(this.#key)).toString('base64');
  }

  /** A policy or the values of an emergency, as its operator writes them; the path. */
  file(name: string, toml: string): string {
    const path = this.#path(name);
    writeFileSync(path, toml);
    return path;
  }

  /** To all of the fleet. */
  push(argv: readonly string[]): Pushing {
    const { binary, url, fleet, say } = this.#parts;
    const whom = ['--broker', url, '--fleet', fleet, '--all'];
    const key = ['--signing-key-file', this.#path('signing.key')];
    const waiting = new Map<string, () => void>();
    const seen = new Set<string>();
    const child = new LabProcess([binary, 'policy', 'push', ...argv, ...whom, ...key], {
      name: 'jvpn policy push',
      onLine: (line) => {
        say(line);
        const stage = /^\w+/.exec(line)?.[0] ?? '';
        seen.add(stage);
        waiting.get(stage)?.();
      },
    });
    this.#running.push(child);
    const ended = child.exited.then((code) => ({
      isGood: code === 0,
      line: [...child.stdout, ...child.stderr].at(-1) ?? '',
    }));
    const at = (stage: string) =>
      new Promise<void>((resolve, reject) => {
        waiting.set(stage, resolve);
        if (seen.has(stage)) resolve();
        ended.then(({ line }) => reject(new Error(`jvpn policy push ended: ${line}`)));
      });
    return { at, ended };
  }

  #path(name: string): string {
    return join(this.#parts.directory, name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#running) await child[Symbol.asyncDispose]();
  }
}
