/**
 * Who may look: a bearer token, the cookie that the login page gives for it, or a reverse proxy that is believed.
 *
 * Where neither a token nor a proxy is configured, whoever is on this machine may; then the `Host` of a request has to be
 * this machine, too, or a page from elsewhere could read it through a name that it points here (DNS rebinding).
 *
 * @module
 */
import { equalBytes, hexToBytes, isHex, utf8ToBytes } from '../session/bytes.ts';
import { isLoopback } from './config.ts';

export interface LoginRules {
  readonly token: string | null;
  readonly proxyHeader: string | null;
  readonly proxyAddresses: readonly string[];
}

export type Verdict = 'allowed' | 'unknown' | 'wrong' | 'tooMany' | 'foreignHost' | 'forwarded';

export const COOKIE = 'jvpn_fleet';
/** Browsers take it over TLS alone, and from no neighbouring host (RFC 6265bis §4.1.3.2). */
export const SECURE_COOKIE = `__Host-${COOKIE}`;
/** Chosen: a working week and its weekend. */
const COOKIE_MS = 7 * 24 * 3_600_000;
/** Wrong tokens of one address in a minute (chosen); behind a proxy many share one. */
const WRONG_MAX = 30;
const WRONG_MS = 60_000;
/** Addresses that are counted at a time (chosen). */
const ADDRESSES_MAX = 10_000;

export class Login {
  /** Requests with a wrong token or cookie. */
  refused = 0;
  readonly #rules: LoginRules;
  readonly #nowMs: () => number;
  readonly #monoMs: () => number;
  readonly #wrong = new Map<string, number>();
  #wrongSinceMs = Number.NEGATIVE_INFINITY;

  /** @param monoMs monotonic: a wall clock that is put back would keep wrong tokens counted. */
  constructor(rules: LoginRules, nowMs: () => number, monoMs: () => number) {
    this.#rules = rules;
    this.#nowMs = nowMs;
    this.#monoMs = monoMs;
  }

  /** @param address of the peer of the connection; null: not known. */
  judge(headers: Headers, address: string | null): Verdict {
    const { token, proxyHeader } = this.#rules;
    if (proxyHeader !== null && this.#isProxy(address)) {
      if ((headers.get(proxyHeader) ?? '').trim() !== '') return 'allowed';
    }
    if (token === null) {
      if (proxyHeader !== null) return 'unknown';
      if (isForwarded(headers)) return 'forwarded';
      return isOwnHost(headers.get('host')) ? 'allowed' : 'foreignHost';
    }
    const bearer = /^Bearer +(\S{1,512})$/i.exec(headers.get('authorization') ?? '')?.[1];
    if (bearer !== undefined) return this.judgeToken(bearer, address);
    const cookies = cookiesOf(headers.get('cookie') ?? '');
    return cookies.some((cookie) => this.#isCookie(cookie, token)) ? 'allowed' : 'unknown';
  }

  judgeToken(given: string, address: string | null): Verdict {
    const { token } = this.#rules;
    if (token === null) return 'unknown';
    // Of the same length, so that the comparison says nothing of the token's. First of all: many share the address of a proxy,
    // and one of them who guesses must not lock the others out.
    if (equalBytes(digest(given), digest(token))) return 'allowed';
    if (this.#isTooMany(address)) return 'tooMany';
    this.#countWrong(address);
    return 'wrong';
  }

  get hasToken(): boolean {
    return this.#rules.token !== null;
  }

  /** The value of `Set-Cookie`: it proves the token without holding it, until it expires or the token changes. */
  newCookie(isHttps: boolean): string {
    const endsAtMs = Math.round(this.#nowMs() + COOKIE_MS);
    const value = `${endsAtMs}.${proofOf(endsAtMs, this.#rules.token ?? '')}`;
    const more = `Path=/; HttpOnly; SameSite=Strict; Max-Age=${COOKIE_MS / 1_000}`;
    return isHttps ? `${SECURE_COOKIE}=${value}; ${more}; Secure` : `${COOKIE}=${value}; ${more}`;
  }

  #isProxy(address: string | null): boolean {
    return address !== null && this.#rules.proxyAddresses.includes(plainAddress(address));
  }

  #isCookie(given: string, token: string): boolean {
    const [endsAt = '', mac = ''] = given.split('.');
    if (!/^\d{1,15}$/.test(endsAt) || !isHex(mac, 32)) return false;
    const expected = hexToBytes(proofOf(Number(endsAt), token));
    return equalBytes(hexToBytes(mac), expected) && Number(endsAt) > this.#nowMs();
  }

  #isTooMany(address: string | null): boolean {
    if (this.#monoMs() - this.#wrongSinceMs >= WRONG_MS) {
      this.#wrongSinceMs = this.#monoMs();
      this.#wrong.clear();
    }
    return (this.#wrong.get(address ?? '') ?? 0) >= WRONG_MAX;
  }

  #countWrong(address: string | null): void {
    this.refused += 1;
    const key = address ?? '';
    const count = this.#wrong.get(key) ?? 0;
    if (count > 0 || this.#wrong.size < ADDRESSES_MAX) this.#wrong.set(key, count + 1);
  }
}

/** A socket of both families shows IPv4 as IPv6 (RFC 4291 §2.5.5.2). */
const plainAddress = (address: string) => address.replace(/^::ffff:(?=\d+\.)/, '');

function isOwnHost(host: string | null): boolean {
  const name = (host ?? '').replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
  return name === 'localhost' || isLoopback(name);
}

/** By a proxy that says so: then the one who asks is not on this machine, whatever his address here. */
function isForwarded(headers: Headers): boolean {
  const names = [...headers.keys()];
  return names.some((name) => /^(x-forwarded-.*|x-real-ip|forwarded|via)$/.test(name));
}

/** Whether the browser came over TLS. Believed of anybody: who lies gets a cookie that his own browser keeps from him. */
export function isHttps(headers: Headers): boolean {
  const [first = ''] = (headers.get('x-forwarded-proto') ?? '').split(',');
  return first.trim().toLowerCase() === 'https';
}

function cookiesOf(header: string): string[] {
  return header.split(/; */).flatMap((pair) => {
    const at = pair.indexOf('=');
    return [COOKIE, SECURE_COOKIE].includes(pair.slice(0, at)) ? [pair.slice(at + 1)] : [];
  });
}

const digest = (text: string) => new Bun.CryptoHasher('sha256').update(utf8ToBytes(text)).digest();

function proofOf(endsAtMs: number, token: string): string {
  return new Bun.CryptoHasher('sha256', token).update(`jvpn fleet login ${endsAtMs}`).digest('hex');
}
