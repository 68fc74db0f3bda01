/**
 * `jvpn policy …`: finds the action.
 *
 * @module
 */
import { EXIT, TERMINAL, type Terminal } from './arguments.ts';
import { runPolicyReload } from './ask.ts';
import { runPolicyBudget } from './policyBudget.ts';
import { runPolicyLint } from './policyLint.ts';

const HELP = `Usage: jvpn policy lint FILE [--emergency] [--json]
       jvpn policy budget FILE|--profile NAME [--json]
       jvpn policy reload [--socket PATH] [--json]
       jvpn policy sign FILE --signing-key-file KEY --target TARGET --output OUT
       jvpn policy verify FILE --anchor PUBLIC_KEY [--json]
       jvpn policy push FILE --broker URL (--device D | --group G | --all) --signing-key-file KEY [--canary 5% …]

  lint     check a policy file against the schema and the rules between its fields
  budget   what an idle device costs under it: LTE a day, wake-ups, how late silence is noticed
  reload   make a running agent or hub read its policy again; sessions live on
  sign     make a signed document of a policy, an emergency, a rotation of keys or a command
  verify   whether devices that trust these keys would take a signed document
  push     send a policy or an emergency to devices over MQTT: to a few first, watched, and taken back by itself`;

export async function runPolicy(
  argv: readonly string[],
  terminal: Terminal = TERMINAL,
): Promise<number> {
  const [action, ...rest] = argv;
  if (action === 'lint') return runPolicyLint(rest, terminal);
  if (action === 'budget') return runPolicyBudget(rest, terminal);
  if (action === 'reload') return runPolicyReload(rest, terminal);
  // Signatures are loaded by those who need them.
  if (action === 'sign') return (await import('./policySign.ts')).runPolicySign(rest, terminal);
  if (action === 'push') return (await import('./policyPush.ts')).runPolicyPush(rest, terminal);
  if (action === 'verify') {
    return (await import('./policyVerify.ts')).runPolicyVerify(rest, terminal);
  }
  if (action === '--help' || action === '-h') {
    terminal.out(HELP);
    return EXIT.ok;
  }
  terminal.err(
    `jvpn policy: ${action === undefined ? 'an action is missing' : `unknown action "${action}"`}\n\n${HELP}`,
  );
  return EXIT.usage;
}
