/**
 * What is the same of every attack that sends the device's packets on from an address of its own: the hub has to ask before it
 * takes the address, to report that it did not, and to send no data and not much else there meanwhile. Pure.
 *
 * @module
 */
import { MESSAGE_TYPE } from '../../../session/wire/messages.ts';
import type { AuditLine } from '../site.ts';
import type { Attack } from './outcome.ts';
import type { TappedDatagram } from './packet.ts';
import type { Forger } from './raw.ts';

const AMPLIFICATION_MAX = 3;

/**
 * @param got what came to the attacker's address.
 * @param sender what sent from there.
 */
export function judged(
  got: readonly Pick<TappedDatagram, 'payload'>[],
  { sentCount, sentBytes }: Pick<Forger, 'sentCount' | 'sentBytes'>,
  isAdopted: boolean,
): Attack {
  const answeredBytes = got.reduce((sum, { payload }) => sum + payload.length, 0);
  const data = got.filter(({ payload }) => payload[0] === MESSAGE_TYPE.data).length;
  return {
    sent: sentCount,
    sentBytes,
    answered: got.length,
    answeredBytes,
    faults: [
      ...(sentCount > 0 ? [] : ['the attacker had nothing to send on']),
      ...(isAdopted ? ['the address of the attacker was adopted'] : []),
      ...(data > 0 ? [`${data} data messages went to the attacker`] : []),
      ...(answeredBytes > AMPLIFICATION_MAX * sentBytes
        ? [`${answeredBytes} bytes went to the attacker for ${sentBytes} from it`]
        : []),
    ],
  };
}

/**
 * `attack`, with a note of how often the hub asked and refused, and a fault for each of the two that it never did.
 *
 * @param told what the hub has written into its audit log since the attack began.
 */
export function askedAndRefused(
  attack: Attack,
  told: readonly Pick<AuditLine, 'reason_code'>[],
): Attack {
  const count = (code: string) => told.filter(({ reason_code }) => reason_code === code).length;
  const asked = count('challenge_sent');
  const refused = count('redirect_refused');
  return {
    ...attack,
    notes: [...(attack.notes ?? []), `${asked} challenges, ${refused} refused`],
    faults: [
      ...(attack.faults ?? []),
      ...(asked > 0 ? [] : ['the hub never asked about the other address']),
      ...(refused > 0 ? [] : ['no redirect_refused was reported']),
    ],
  };
}
