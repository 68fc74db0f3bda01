/**
 * Hub endpoints that are written as names, and the addresses that stand for them now.
 *
 * Each name is two endpoints, one a family, whether or not it has an address of it: a transport keeps its
 * id for the life of the process. An address that the name still has is kept until it was asked in vain: a hub that
 * moves has two for a while, and the old one may be dead. A lookup that fails keeps what there was. Refuses to decide
 * when to look up: never while the session carries (`lookups.ts`), so that a forged answer moves no session that works.
 *
 * @module
 */
import { parseEndpoint, parseNamedEndpoint } from '../policies/address.ts';
import { assert } from '../session/assert.ts';
import { formatIp, parseIp } from '../session/wire/ip.ts';

/** The addresses of `name`, the preferred ones first; rejects or is empty where there are none. */
export type LookUp = (name: string) => Promise<readonly string[]>;

/** What there was since the last lookup: a binding; none, though there was a link; neither. */
export type Since = 'bound' | 'inVain' | 'unasked';

interface Slot {
  /** Null: an address in the file. */
  readonly name: string | null;
  readonly family: 4 | 6;
  readonly port: number;
  readonly host: string | null;
  /** Addresses that were asked in vain since the session had its last binding, or since all of them were. */
  readonly tried: readonly string[];
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

  /**
   * Look every name up once; whether an endpoint is another one now. Whoever asks meanwhile gets the same answer.
   *
   * @param since asked when the answers are there: `inVain` gives another address of the name its turn.
   */
  refresh(since: () => Since = () => 'unasked'): Promise<boolean> {
    this.#running ??= this.#lookUpAll(since).finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #lookUpAll(since: () => Since): Promise<boolean> {
    const before = JSON.stringify(this.endpoints);
    const names = new Set(this.#slots.flatMap(({ name }) => (name === null ? [] : [name])));
    const answers: [string, readonly string[]][] = [];
    for (const name of names) answers.push([name, await this.#ask(name)]);
    const now = since();
    for (const [name, hosts] of answers) this.#note(name, hosts, now);
    return JSON.stringify(this.endpoints) !== before;
  }

  async #ask(name: string): Promise<readonly string[]> {
    try {
      return await this.#lookUp(name);
    } catch {
      return []; // no resolver, no such name, no network: the next one may know more
    }
  }

  #note(name: string, answers: readonly string[], since: Since): void {
    this.#slots = this.#slots.map((slot) => {
      if (slot.name !== name) return slot;
      const hosts = answers.flatMap((answer) => hostOf(answer, slot.family));
      const { host } = slot;
      const tried = since === 'bound' ? [] : slot.tried;
      if (hosts.length === 0) return { ...slot, tried };
      if (host !== null && since === 'inVain') return nextOf(slot, host, hosts);
      const isKept = host !== null && hosts.includes(host);
      return { ...slot, host: isKept ? host : (hosts[0] ?? null), tried };
    });
  }
}

/** The first address that has had no turn; when all have had one, they begin anew with another one than the last. */
function nextOf(slot: Slot, host: string, hosts: readonly string[]): Slot {
  const tried = [...slot.tried.filter((one) => hosts.includes(one)), host];
  const untried = hosts.find((one) => !tried.includes(one));
  if (untried !== undefined) return { ...slot, host: untried, tried };
  return { ...slot, host: hosts.find((one) => one !== host) ?? host, tried: [] };
}

function slotsOf(text: string): readonly Slot[] {
  const literal = parseEndpoint(text);
  if (literal !== null) {
    const host = hostOf(literal.host, literal.family)[0] ?? literal.host;
    return [{ ...literal, host, name: null, tried: [] }];
  }
  const named = parseNamedEndpoint(text);
  assert(named !== null, 'endpoints were checked with the configuration');
  const { name, port } = named;
  return ([4, 6] as const).map((family) => ({ name, family, port, host: null, tried: [] }));
}

function textOf({ host, family, port }: Slot): string | null {
  if (host === null) return null;
  return family === 4 ? `${host}:${port}` : `[${host}]:${port}`;
}

function hostOf(answer: string, family: 4 | 6): readonly string[] {
  const ip = parseIp(answer);
  return ip.ok && ip.value.family === family ? [formatIp(ip.value)] : [];
}
