/**
 * Hub endpoints that are written as names, and the addresses that stand for them now.
 *
 * Each name is two endpoints, one a family, whether or not it has an address of it: a transport keeps its
 * id for the life of the process. An address that the name still has is kept; a lookup that fails keeps what
 * there was. Refuses to decide when to look up: never while the session carries (`daemon.ts`), so that a forged
 * answer moves no session that works.
 *
 * @module
 */
import { parseEndpoint, parseNamedEndpoint } from '../policies/address.ts';
import { assert } from '../session/assert.ts';
import { formatIp, parseIp } from '../session/wire/ip.ts';

/** The addresses of `name`, the preferred ones first; rejects or is empty where there are none. */
export type LookUp = (name: string) => Promise<readonly string[]>;

interface Slot {
  /** Null: an address in the file. */
  readonly name: string | null;
  readonly family: 4 | 6;
  readonly port: number;
  readonly host: string | null;
}

export class HubNames {
  readonly #lookUp: LookUp;
  #slots: readonly Slot[];
  #running: Promise<boolean> | null = null;

  constructor(endpoints: readonly string[], lookUp: LookUp) {
    this.#lookUp = lookUp;
    this.#slots = endpoints.flatMap(slotsOf);
  }

  get hasNames(): boolean {
    return this.#slots.some(({ name }) => name !== null);
  }

  /**
   * Canonical `ip:port`, in the order of the file; null: no address is known, or one before it has the same. Two
   * transports to one address would cost twice, and give a dead path two turns.
   */
  get endpoints(): readonly (string | null)[] {
    const texts = this.#slots.map(textOf);
    return texts.map((text, at) =>
      this.#slots[at]?.name !== null && texts.indexOf(text) < at ? null : text,
    );
  }

  /** Look every name up once; whether an endpoint is another one now. Whoever asks meanwhile gets the same answer. */
  refresh(): Promise<boolean> {
    this.#running ??= this.#lookUpAll().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #lookUpAll(): Promise<boolean> {
    const before = JSON.stringify(this.endpoints);
    const names = new Set(this.#slots.flatMap(({ name }) => (name === null ? [] : [name])));
    for (const name of names) this.#note(name, await this.#ask(name));
    return JSON.stringify(this.endpoints) !== before;
  }

  async #ask(name: string): Promise<readonly string[]> {
    try {
      return await this.#lookUp(name);
    } catch {
      return []; // no resolver, no such name, no network: the next one may know more
    }
  }

  #note(name: string, answers: readonly string[]): void {
    this.#slots = this.#slots.map((slot) => {
      if (slot.name !== name) return slot;
      const hosts = answers.flatMap((answer) => hostOf(answer, slot.family));
      const isKept = slot.host !== null && (hosts.length === 0 || hosts.includes(slot.host));
      return isKept ? slot : { ...slot, host: hosts[0] ?? null };
    });
  }
}

function slotsOf(text: string): readonly Slot[] {
  const literal = parseEndpoint(text);
  if (literal !== null) return [{ ...literal, name: null }];
  const named = parseNamedEndpoint(text);
  assert(named !== null, 'endpoints were checked with the configuration');
  const { name, port } = named;
  return ([4, 6] as const).map((family) => ({ name, family, port, host: null }));
}

function textOf({ host, family, port }: Slot): string | null {
  if (host === null) return null;
  return family === 4 ? `${host}:${port}` : `[${host}]:${port}`;
}

function hostOf(answer: string, family: 4 | 6): readonly string[] {
  const ip = parseIp(answer);
  return ip.ok && ip.value.family === family ? [formatIp(ip.value)] : [];
}
