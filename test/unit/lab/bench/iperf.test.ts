/** The JSON is of iperf3 3.12, shortened to the fields that lie around those that are read. */
import { expect, test } from 'bun:test';
import { parseTcp, parseUdp } from '../../../lab/bench/iperf.ts';

const TCP = {
  intervals: [
    { sum: { bytes: 2_117_074_944, bits_per_second: 16_900_196_652, omitted: true } },
    { sum: { bytes: 1_725_562_880, bits_per_second: 13_833_289_797, omitted: false } },
  ],
  end: {
    sum_sent: { bytes: 1_735_393_280, bits_per_second: 13_899_979_114 },
    sum_received: { bytes: 1_725_562_880, bits_per_second: 13_835_369_749 },
  },
};

const UDP = {
  end: {
    sum: { seconds: 2, packets: 10_000, lost_packets: 250, lost_percent: 2.5, jitter_ms: 0.007 },
  },
};

test('TCP: what arrived after the warm-up is the speed, bytes count the warm-up', () => {
  expect(parseTcp(JSON.stringify(TCP))).toEqual({
    mbps: 13_835.369749,
    bytes: 2_117_074_944 + 1_725_562_880,
  });
});

test('UDP: rates of what was sent and of what arrived', () => {
  const expected = { sentPps: 5000, receivedPps: 4875, lossPercent: 2.5 };
  expect(parseUdp(JSON.stringify(UDP))).toEqual(expected);
});

test('its error is ours, in its words', () => {
  const refused = { intervals: [], end: {}, error: 'unable to connect to server' };
  expect(() => parseTcp(JSON.stringify(refused))).toThrow('unable to connect to server');
  expect(() => parseUdp(JSON.stringify(refused))).toThrow('unable to connect to server');
});

test('a run that moved nothing is no measurement', () => {
  const still = { ...TCP, end: { sum_received: { bytes: 0, bits_per_second: 0 } } };
  expect(() => parseTcp(JSON.stringify(still))).toThrow('moved no bytes');
  expect(() => parseTcp(JSON.stringify({ ...TCP, intervals: [] }))).toThrow('moved no bytes');
  expect(() => parseUdp(JSON.stringify({ end: {} }))).toThrow('no datagrams');
  const none = { end: { sum: { seconds: 1, packets: 0, lost_packets: 0 } } };
  expect(() => parseUdp(JSON.stringify(none))).toThrow('no datagrams');
});
