import { expect, test } from 'bun:test';
import { parsePing } from '../../../lab/bench/ping.ts';

const printed = (times: readonly (number | string)[]) =>
  [
    'PING 10.77.0.1 (10.77.0.1) 56(84) bytes of data.',
    ...times.map((ms, at) => `64 bytes from 10.77.0.1: icmp_seq=${at + 1} ttl=64 time=${ms} ms`),
    '',
    '--- 10.77.0.1 ping statistics ---',
    `9 packets transmitted, ${times.length} received, 0% packet loss, time 45ms`,
    'rtt min/avg/max/mdev = 0.290/0.400/0.510/0.090 ms',
  ].join('\n');

test('percentiles over all echoes, and how many are missing', () => {
  const times = Array.from({ length: 200 }, (_, at) => (at + 1) / 10);
  expect(parsePing(printed(times), 203)).toEqual({ p50: 10, p99: 19.8, max: 20, lost: 3 });
});

test('whole and fractional milliseconds are read alike, and the statistics are not an echo', () => {
  expect(parsePing(printed([1, '0.043', '12.5']), 3)).toEqual({
    ...{ p50: 1, p99: 12.5, max: 12.5, lost: 0 },
  });
});

test('no echo at all is an error that shows what ping said', () => {
  expect(() => parsePing(printed([]), 9)).toThrow('9 packets transmitted, 0 received');
});
