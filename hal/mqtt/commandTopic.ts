/**
 * Topics of signed commands and of their answers; documented in docs/mqtt.md.
 *
 * ```text
 * jvpn/v1/<fleet>/<device>/cmd/<name>/<id>          heard     COSE_Sign1, policies/signed/; never retained
 * jvpn/v1/<fleet>/<device>/cmd/<name>/<id>/answer   written   CBOR, agent/commands.ts; not retained
 * ```
 *
 * The id is that of the document: 32 hex digits in lower case.
 *
 * @module
 */
import type { CommandPlace } from '../../policies/signed/body.ts';
import { deviceRoot, isLevel, TOPIC_ROOT } from './topics.ts';

const ANSWER = 'answer';
/** Behind the fleet (chosen): the device, and what whoever asks wants to sort answers by. */
const ANSWER_LEVELS_MAX = 8;

/** What a device subscribes to: any command for it. */
export const commandFilter = (fleet: string, device: string): string =>
  `${deviceRoot(fleet, device)}/cmd/+/+`;

export const commandTopic = (fleet: string, device: string, { name, id }: CommandPlace): string =>
  `${deviceRoot(fleet, device)}/cmd/${name}/${id}`;

export const answerTopic = (fleet: string, device: string, place: CommandPlace): string =>
  `${commandTopic(fleet, device, place)}/${ANSWER}`;

/** Which command a topic is meant for, or null where it is none that {@link commandFilter} covers. Takes any text. */
export function placeOfCommand(topic: string, fleet: string, device: string): CommandPlace | null {
  const root = `${deviceRoot(fleet, device)}/cmd/`;
  if (!topic.startsWith(root)) return null;
  const [name, id, ...more] = topic.slice(root.length).split('/');
  return name === undefined || id === undefined || more.length > 0 ? null : { name, id };
}

/**
 * Whether an answer may go to a topic that whoever asked has named, in a part of the message that nobody signs.
 *
 * It lies within the fleet and ends as answers do, and nobody hears commands, documents or reports there: so nobody makes a
 * device write what another one obeys, or what is taken for another one's word.
 */
export function mayAnswerTo(topic: string, fleet: string): boolean {
  const root = `${TOPIC_ROOT}/${fleet}/`;
  if (!topic.startsWith(root)) return false;
  const levels = topic.slice(root.length).split('/');
  if (levels.length < 2 || levels.length > ANSWER_LEVELS_MAX) return false;
  // `<device>/cmd/<name>/answer` is a command with an odd id.
  const isCommand = levels[1] === 'cmd' && levels.length === 4;
  return levels.at(-1) === ANSWER && levels.every(isLevel) && !isCommand;
}

/** Whether `filter`, which may have `+` for whole levels and nothing else that is special, covers `topic`. */
export function isCovered(filter: string, topic: string): boolean {
  const [wanted, levels] = [filter.split('/'), topic.split('/')];
  return (
    wanted.length === levels.length &&
    wanted.every((level, at) => level === '+' || level === levels[at])
  );
}
