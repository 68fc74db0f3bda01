import { expect, test } from 'bun:test';
import { documentsHeard, requestOf } from '../../../agent/documentsHeard.ts';

const PLACE = { fleet: 'north', device: 'gw-7' };
const COMMAND = 'jvpn/v1/north/gw-7/cmd/rebind/07';
const heard = (topic: string, more: object = {}) => ({
  ...{ topic, payload: Uint8Array.of(1), isRetained: false },
  ...{ responseTopic: null, correlation: null, ...more },
});

test('documents come on their topic, commands on theirs, and each is told with where it came', () => {
  const told: unknown[] = [];
  const hears = documentsHeard(
    { desiredTopics: ['jvpn/v1/north/gw-7/policy/desired'], place: PLACE },
    { onDocument: (...args) => told.push(args), reported: () => ({}) },
  );
  const [documents, commands] = hears;
  // Of what is retained nothing is kept for later: that would be every version there was.
  expect([documents?.topics, documents?.qos]).toEqual([['jvpn/v1/north/gw-7/policy/desired'], 0]);
  expect([commands?.topics, commands?.qos ?? 1]).toEqual([['jvpn/v1/north/gw-7/cmd/+/+'], 1]);
  documents?.onMessage(heard('jvpn/v1/north/gw-7/policy/desired', { isRetained: true }));
  commands?.onMessage(heard(COMMAND));
  const place = { name: 'rebind', id: '07' };
  expect(told).toEqual([
    [Uint8Array.of(1), true, null],
    [Uint8Array.of(1), false, { place, responseTopic: null, correlation: null }],
  ]);
});

test('what whoever asks waits for is kept where it may be answered, and short', () => {
  const responseTopic = 'jvpn/v1/north/desk/answer';
  const correlation = new Uint8Array(64);
  expect(requestOf(heard(COMMAND, { responseTopic, correlation }), PLACE)).toMatchObject({
    ...{ responseTopic, correlation },
  });
  const long = { responseTopic: 'jvpn/v1/north/gw-8/health', correlation: new Uint8Array(65) };
  expect(requestOf(heard(COMMAND, long), PLACE)).toMatchObject({
    ...{ responseTopic: null, correlation: null },
  });
});
