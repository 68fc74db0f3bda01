/** Goal: nobody looks who may not, whatever headers he writes; and nobody learns the token from the answers. */
import { expect, test } from 'bun:test';
import { COOKIE, isHttps, Login, type LoginRules } from '../../../fleet/login.ts';
import { START_MS } from './sample.ts';

const TOKEN = 'correct horse battery'.replaceAll(' ', '-');
const HOST = { host: '127.0.0.1:8890' };

let nowMs = START_MS;
let monoMs = 5_000;
const loginFor = (rules: Partial<LoginRules>) =>
  new Login(
    { token: null, proxyHeader: null, proxyAddresses: [], ...rules },
    () => nowMs,
    () => monoMs,
  );
const judge = (login: Login, headers: Record<string, string>, address = '192.0.2.7') =>
  login.judge(new Headers(headers), address);

test('a bearer token, and nothing like it', () => {
  const login = loginFor({ token: TOKEN });
  expect(judge(login, { authorization: `Bearer ${TOKEN}` })).toBe('allowed');
  expect(judge(login, {})).toBe('unknown');
  for (const wrong of [`${TOKEN}x`, TOKEN.slice(1), TOKEN.toUpperCase(), 'x']) {
    expect(judge(login, { authorization: `Bearer ${wrong}` })).toBe('wrong');
  }
  expect(judge(login, { authorization: `Basic ${TOKEN}` })).toBe('unknown');
  expect(login.refused).toBe(4);
});

test('the cookie of the login page: until it expires, and until the token changes', () => {
  const login = loginFor({ token: TOKEN });
  const set = login.newCookie(false);
  expect(set).toMatch(
    /^jvpn_fleet=\d+\.[0-9a-f]{64}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=/,
  );
  expect(set).not.toContain(TOKEN);
  const secure = login.newCookie(true);
  expect(secure).toMatch(/^__Host-jvpn_fleet=[^;]+; Path=\/; .*; Secure$/);
  expect(judge(login, { cookie: secure.split(';')[0]! })).toBe('allowed');
  expect(judge(login, { cookie: `${COOKIE}=old; ${secure.split(';')[0]!}` })).toBe('allowed');
  const cookie = set.split(';')[0]!;
  expect(judge(login, { cookie: `a=b; ${cookie}; c=d` })).toBe('allowed');
  expect(judge(loginFor({ token: `${TOKEN}2` }), { cookie })).toBe('unknown');
  const [endsAt, proof] = cookie.slice(COOKIE.length + 1).split('.');
  const later = `${COOKIE}=${Number(endsAt) + 1}.${proof}`;
  expect(judge(login, { cookie: later })).toBe('unknown');
  nowMs += 7 * 86_400_000;
  expect(judge(login, { cookie })).toBe('unknown');
  nowMs = START_MS;
});

test('a proxy’s header is believed of its address alone', () => {
  const rules = { proxyHeader: 'X-Remote-User', proxyAddresses: ['192.0.2.9', '::1'] };
  const login = loginFor(rules);
  const named = { 'x-remote-user': 'ada' };
  expect(judge(login, named, '192.0.2.9')).toBe('allowed');
  expect(judge(login, named, '::ffff:192.0.2.9')).toBe('allowed');
  expect(judge(login, named, '::1')).toBe('allowed');
  expect(judge(login, named, '192.0.2.10')).toBe('unknown');
  expect(judge(login, { 'x-remote-user': ' ' }, '192.0.2.9')).toBe('unknown');
  expect(judge(login, {}, '192.0.2.9')).toBe('unknown');
  const both = loginFor({ ...rules, token: TOKEN });
  expect(judge(both, named, '192.0.2.9')).toBe('allowed');
  expect(judge(both, { authorization: `Bearer ${TOKEN}` })).toBe('allowed');
  expect(judge(both, named)).toBe('unknown');
});

test('a browser that came over TLS is one, whoever ends TLS', () => {
  const says = (proto: string) => isHttps(new Headers({ 'x-forwarded-proto': proto }));
  expect([says('https'), says('HTTPS'), says('https, http')]).toEqual([true, true, true]);
  expect([says('http'), says('http, https'), says('')]).toEqual([false, false, false]);
  expect(isHttps(new Headers())).toBe(false);
});

test('who guesses is stopped, and the others are not', () => {
  const login = loginFor({ token: TOKEN });
  const guess = { authorization: 'Bearer 0123456789abcdef' };
  const verdicts = Array.from({ length: 40 }, () => judge(login, guess));
  expect(verdicts.filter((verdict) => verdict === 'wrong').length).toBe(30);
  expect(verdicts.at(-1)).toBe('tooMany');
  expect(judge(login, guess, '192.0.2.8')).toBe('wrong');
  // Behind the same proxy.
  expect(judge(login, { authorization: `Bearer ${TOKEN}` })).toBe('allowed');
  // Whatever the wall clock does meanwhile.
  nowMs -= 86_400_000;
  monoMs += 59_999;
  expect(judge(login, guess)).toBe('tooMany');
  monoMs += 1;
  expect(judge(login, guess)).toBe('wrong');
  nowMs = START_MS;
});

test('without a login this machine is answered, by its own address and no other name', () => {
  const login = loginFor({});
  for (const host of ['127.0.0.1:8890', 'localhost:8890', '[::1]:8890', '127.9.9.9']) {
    expect([host, judge(login, { host }, '127.0.0.1')]).toEqual([host, 'allowed']);
  }
  for (const host of ['evil.example.org', '127.dead.beef.de:8890', '127.0.0.1.nip.io', '']) {
    expect([host, judge(login, { host }, '127.0.0.1')]).toEqual([host, 'foreignHost']);
  }
  expect(judge(login, HOST)).toBe('allowed');
});

test('without a login nobody is answered through a proxy on this machine', () => {
  const login = loginFor({});
  const forwards = [
    { 'X-Forwarded-For': '203.0.113.9' },
    { 'X-Forwarded-Proto': 'https' },
    { 'X-Real-IP': '203.0.113.9' },
    { Forwarded: 'for=203.0.113.9' },
    { Via: '1.1 proxy' },
  ];
  for (const more of forwards as Record<string, string>[]) {
    expect([more, judge(login, { ...HOST, ...more }, '127.0.0.1')]).toEqual([more, 'forwarded']);
  }
  const token = loginFor({ token: TOKEN });
  const headers = { authorization: `Bearer ${TOKEN}`, ...forwards[0] };
  expect(judge(token, headers, '127.0.0.1')).toBe('allowed');
});
