/**
 * Case 8: devices that have no business here: an unknown key, a revoked one, a wrong preshared key.
 *
 * @module
 */
import { writeFileSync } from 'node:fs';
import { eventually } from '../process.ts';
import type { Arena } from './arena.ts';
import { ask, grown, type HubStatus, seatOf } from './gauge.ts';
import { INNER_HUB } from './legit.ts';
import { during, type Outcome } from './outcome.ts';
import { enrolled, innerPacket, Rogue } from './rogue.ts';

export async function strangers(arena: Arena): Promise<Outcome> {
  const rogue = (at: number) => new Rogue(arena, { address: `198.18.8.${at}`, port: 8_000 + at });
  const [unknown, before, keyed] = [rogue(1), rogue(2), rogue(4)];
  // Revoked while attached: each wave needs one of its own.
  const later = Array.from({ length: arena.waves }, (_, wave) => rogue(10 + wave));
  await enrolled(arena, before, 'revoked-before');
  await revoke(arena, 'revoked-before');
  for (const [wave, each] of later.entries()) await enrolled(arena, each, `revoked-later${wave}`);
  const pskFile = arena.site.path('some.psk');
  writeFileSync(pskFile, Buffer.alloc(32, 5).toString('base64'), { mode: 0o600 });
  await enrolled(arena, keyed, 'keyed', ['--psk-file', pskFile]);

  return during(
    arena,
    'strangers',
    async (wave) => {
      const attached = later[wave]!;
      const all = [unknown, before, attached, keyed];
      const sentCount = () => all.reduce((sum, { socket }) => sum + socket.sentCount, 0);
      const already = sentCount();
      const faults: string[] = [];
      const counters = async () => (await ask<HubStatus>(arena.site, 'hub')).counters;
      const expectCounted = async (what: string, code: string, act: () => Promise<void>) => {
        const was = await counters();
        await act();
        await eventually(
          what,
          async () => (grown(was, await counters())[code] ?? 0) > 0,
          5_000,
        ).catch(() => faults.push(`${what}: no ${code} was counted`));
      };
      await expectCounted('an unknown key', 'not_enrolled', async () => {
        if (await unknown.handshake()) faults.push('an unknown key got a channel');
      });
      await expectCounted('a key revoked before', 'revoked', async () => {
        if (await before.handshake()) faults.push('a revoked key got a channel');
      });
      // The hub answers, for it cannot know yet; the two have no key in common.
      if (await keyed.handshake(new Uint8Array(32).fill(6))) {
        faults.push('a wrong preshared key gave a channel');
      }
      if (!keyed.refusals.includes('authenticationFailed')) {
        faults.push('a wrong preshared key was not refused by the cipher');
      }
      const row = await seatOf(arena.site, 'keyed');
      if (row.session_id !== null || row.channels !== 0) {
        faults.push('a wrong preshared key left something at the seat');
      }

      await attached.handshake();
      if ((await attached.attach()) === null)
        faults.push('the device to be revoked never attached');
      await revoke(arena, `revoked-later${wave}`);
      const told = () => attached.heard.find((frame) => frame.type === 'terminate');
      if (!(await attached.until(() => told() !== undefined, 5_000))) {
        faults.push('the revoked device was not told');
      }
      const end = told();
      await expectCounted('data of a revoked device', 'wrong_key_datagram', async () => {
        attached.socket.send(attached.sealData(innerPacket('10.77.0.9', INNER_HUB)));
      });
      await expectCounted('a handshake of a revoked device', 'revoked', async () => {
        if (await attached.handshake()) faults.push('a revoked device got a new channel');
      });
      return {
        sent: sentCount() - already,
        notes: [
          `told to the revoked device: ${end?.type === 'terminate' ? end.reasonCode : 'nothing'}`,
        ],
        faults,
      };
    },
    { isAllCounted: false },
  );
}

async function revoke(arena: Arena, name: string): Promise<void> {
  const config = arena.site.path('hub.toml');
  const outcome = await arena.site.jvpn('hub', ['enroll', '--config', config, '--revoke', name]);
  if (outcome.code !== 0) throw new Error(outcome.stderr);
  await seatOf(arena.site, 'gw'); // the hub has taken it in when it answers the next question
}
