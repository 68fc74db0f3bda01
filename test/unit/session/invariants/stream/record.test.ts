import { expect, test } from 'bun:test';
import { decodeAuditLine } from '../../../../../session/invariants/stream/record.ts';
import { deviceRecords, lineOf } from './sampleStreams.ts';

test('what the log writes is read back', () => {
  for (const record of deviceRecords()) {
    expect(decodeAuditLine(lineOf(record))).toEqual({ ok: true, value: record });
  }
});

test('a torn line and lines that are no events are refused, whatever they are', () => {
  const line = lineOf(deviceRecords()[3]!);
  for (let cut = 0; cut < line.length; cut += 1) {
    expect(decodeAuditLine(line.slice(0, cut))).toEqual({ ok: false, code: 'notJson' });
  }
  for (const text of ['null', '7', '[]', '{}', '"transition"']) {
    expect(decodeAuditLine(text)).toEqual({ ok: false, code: 'notAnEvent' });
  }
});

test('numbers that JSON can write and a log cannot are refused', () => {
  const line = lineOf(deviceRecords()[3]!);
  const endless = line.replace(/"mono_ms":[0-9.]+/, '"mono_ms":1e999');
  expect(decodeAuditLine(endless)).toEqual({ ok: false, code: 'notAnEvent' });
});

test('details are plain values', () => {
  const row = JSON.parse(lineOf(deviceRecords()[3]!)) as Record<string, unknown>;
  for (const value of [{}, [1], { toString: 1 }]) {
    const text = JSON.stringify({ ...row, detail: { previous: value } });
    expect(decodeAuditLine(text)).toEqual({ ok: false, code: 'notAnEvent' });
  }
});

test('every field is checked', () => {
  const row = JSON.parse(lineOf(deviceRecords()[3]!)) as Record<string, unknown>;
  const fields = Object.keys(row).filter((name) => name !== 'ts_ms');
  for (const name of fields) {
    for (const wrong of [undefined, true, -1, {}]) {
      if (name === 'detail' && typeof wrong === 'object') continue;
      if (name === 'mono_ms' && wrong === -1) continue;
      const text = JSON.stringify({ ...row, [name]: wrong });
      expect([name, decodeAuditLine(text)]).toEqual([name, { ok: false, code: 'notAnEvent' }]);
    }
  }
});
