/**
 * Goal: commands and rotations on their way through a device: what is asked of the shell, and what a failing step leaves.
 *
 * Method: as in staging.test.ts.
 */
import { describe, expect, test } from 'bun:test';
import { keyIdOf, keyIdText } from '../../../../policies/signed/anchors.ts';
import { bodyOfTable, commandBody, rotationBody } from '../../../../policies/signed/body.ts';
import { NOTHING_PUSHED } from '../../../../policies/signed/record.ts';
import { NOW_S, signerOf, UNKNOWN, unproven } from './documents.ts';
import { Device, pushed } from './stagedDevice.ts';

describe('a command', () => {
  const ID = new Uint8Array(16).fill(7);
  const command = (version: number, id = ID) =>
    unproven({
      kind: 'command',
      version,
      expiresS: NOW_S + 600,
      body: commandBody({ name: 'refresh_health', link: null }, id),
    });

  test('is written down, then carried out, then answered; the same again is only answered', () => {
    const device = new Device();
    device.take(command(1));
    expect(device.asked).toEqual(['write nothing', 'command_taken', 'run refresh_health']);
    device.take(command(1)); // still under way
    expect(device.asked).toEqual([]);
    device.tell({ kind: 'answered', id: '07'.repeat(16), outcome: 'done' });
    device.take(command(1));
    expect(device.asked).toEqual(['answer done', 'answer done']);
  });

  test('has an id of its own: another document with that id is answered, and not carried out', () => {
    const device = new Device();
    device.take(command(1));
    device.tell({ kind: 'answered', id: '07'.repeat(16), outcome: 'command_done' });
    device.forget();
    device.take(command(2));
    expect(device.asked).toEqual(['answer command_done']);
    const body = commandBody({ name: 'rotate_keys', link: null }, ID);
    device.take(unproven({ kind: 'command', version: 2, expiresS: NOW_S + 600, body }));
    expect(device.asked).toEqual(['document_replayed 2', 'answer document_replayed']);
    // Its version is not used up by either.
    device.take(command(2, new Uint8Array(16).fill(8)));
    expect(device.asked).toContain('run refresh_health');
  });

  test('is not carried out again after a restart', () => {
    const device = new Device();
    device.take(command(1));
    const restarted = new Device({ record: device.state.record });
    restarted.take(command(1));
    expect(restarted.asked).toEqual(['document_replayed 1', 'answer document_replayed']);
  });

  test('is not carried out where it cannot be written down, and may come again', () => {
    const device = new Device();
    device.canWrite = false;
    device.take(command(1));
    expect(device.asked).toEqual([
      ...['write nothing', 'push_not_durable 1', 'answer push_not_durable'],
    ]);
    device.canWrite = true;
    device.take(command(1));
    expect(device.asked).toContain('run refresh_health');
  });

  test('is never retained, and waits for a clock', () => {
    const device = new Device();
    device.take(command(1), true);
    expect(device.asked).toEqual(['command_retained 1', 'answer command_retained']);
    const timeless = new Device({ clock: UNKNOWN });
    timeless.take(command(1));
    expect(timeless.asked).toEqual(['clock_unknown 1', 'answer clock_unknown']);
  });

  test('is refused where it does not belong, and nobody is answered there', () => {
    const device = new Device();
    const id = '07'.repeat(16);
    for (const place of [null, { name: 'rebind', id }, { name: 'refresh_health', id: 'ff' }]) {
      device.take(command(1), false, place);
      expect(device.asked).toEqual(['wrong_topic 1']);
    }
    device.take(command(1));
    expect(device.asked).toContain('run refresh_health');
    device.tell({ kind: 'answered', id, outcome: 'command_done' });
    device.forget();
    device.take(command(1), false, null);
    expect(device.asked).toEqual(['wrong_topic 1']);
  });

  test('that has expired is refused, and answered', () => {
    const device = new Device();
    device.clock = { wallMs: (NOW_S + 600) * 1_000, isKnown: true };
    device.take(command(1));
    expect(device.asked).toEqual(['document_expired 1', 'answer document_expired']);
  });

  test('as many wait as are remembered: one more is refused, and answered', () => {
    const device = new Device();
    const numbered = (version: number) => command(version, new Uint8Array(16).fill(version));
    for (let version = 1; version <= 16; version++) device.take(numbered(version));
    device.forget();
    device.take(numbered(17));
    expect(device.asked).toEqual(['push_busy 17', 'answer push_busy']);
    device.tell({ kind: 'answered', id: '01'.repeat(16), outcome: 'command_done' });
    device.forget();
    // Its version was not used up.
    device.take(numbered(17));
    expect(device.asked).toContain('run refresh_health');
  });

  test('more than are remembered: the oldest is refused by its version', () => {
    const device = new Device();
    for (let version = 1; version <= 17; version++) {
      device.take(command(version, new Uint8Array(16).fill(version)));
      const id = version.toString(16).padStart(2, '0').repeat(16);
      if (version < 17) device.tell({ kind: 'answered', id, outcome: 'command_done' });
    }
    device.forget();
    device.take(command(1, new Uint8Array(16).fill(1)));
    expect(device.asked).toEqual(['document_replayed 1', 'answer document_replayed']);
    // What comes of it that late is told to nobody.
    device.tell({ kind: 'answered', id: '01'.repeat(16), outcome: 'command_done' });
    expect(device.asked).toEqual([]);
  });
});

describe('a rotation', () => {
  const [OLD, NEW] = [signerOf(1), signerOf(2)];
  const rotation = unproven(
    { kind: 'rotation', version: 1, body: rotationBody(NEW.publicKey) },
    keyIdOf(OLD.publicKey),
  );
  const by = (signer: typeof OLD, version: number) =>
    unproven(
      { version, body: bodyOfTable({ version, name: 'pushed' })! },
      keyIdOf(signer.publicKey),
    );

  test('leaves the older key until the successor has shown itself', () => {
    const device = new Device();
    device.take(rotation);
    expect(device.asked).toEqual(['write nothing', 'signer_rotated 1']);
    device.take(by(OLD, 2));
    device.tell({ kind: 'proven' });
    expect(device.followed).toBe('pushed 2');
    device.forget();
    device.take(by(NEW, 3));
    expect(device.asked).toContain('signer_rotated');
    device.tell({ kind: 'proven' });
    expect(device.state.record.rotated.retired).toEqual([
      { keyId: keyIdText(OLD.publicKey), namedBy: null },
    ]);
    device.forget();
    device.take(by(OLD, 4));
    expect(device.asked).toEqual(['signer_unknown 4']);
  });

  test('waits for a clock, and for one that is not behind what documents prove', () => {
    const device = new Device({ clock: UNKNOWN });
    device.take(rotation);
    expect(device.asked).toEqual(['clock_unknown 1']);
    const set = { wallMs: Date.UTC(2024, 5, 1), isKnown: true };
    const wrong = new Device({ clock: set, record: { ...NOTHING_PUSHED, sinceS: NOW_S } });
    wrong.take(rotation);
    expect(wrong.asked).toEqual(['clock_unknown 1']);
    wrong.take(pushed(2));
    expect(wrong.followed).toBe('pushed 2');
  });
});
