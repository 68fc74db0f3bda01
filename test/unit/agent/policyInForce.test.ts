/**
 * Goal: a policy that is not taken changes nothing, also not what a later one finds on flash of a budget that was spent.
 * Method: the policy's side of the main thread, with flash in memory.
 */
import { expect, test } from 'bun:test';
import type { AgentConfig } from '../../../agent/config.ts';
import { FLASH_SLOT_BYTES, Memory } from '../../../agent/memory.ts';
import type { ToTunnel } from '../../../agent/messages.ts';
import { PolicyInForce } from '../../../agent/policyInForce.ts';
import { Spending } from '../../../agent/spending.ts';
import type { Start } from '../../../agent/start.ts';
import { MemoryFlash } from '../../../hal/memory/flash.ts';
import { halFail, halOk } from '../../../hal/result.ts';
import { loadPolicy } from '../../../policies/load.ts';
import type { Policy } from '../../../policies/schema.ts';
import { type LinkSpending, SPENDING_BYTES } from '../../../session/flash/spending.ts';
import { must } from '../session/channel/twoEnds.ts';

const LINKS: AgentConfig['links'] = [{ name: 'wwan0', kind: 'lte' }];
const SPENT: LinkSpending = { link: 'wwan0', day: 20_785, bytes: 700, lastedMs: 0 };

function policyOf(version: number, budget: number): Policy {
  const loaded = loadPolicy({ version, links: { lte: { daily_bytes_max: budget } } });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return loaded.policy;
}

/** An agent under version 2 without a budget, and an earlier process that spent one. */
function running() {
  const slots = new MemoryFlash(SPENDING_BYTES);
  const open = () => halOk(slots);
  must(Spending.open(policyOf(1, 1_000), LINKS, open)).save([SPENT]);
  const flash = new MemoryFlash(FLASH_SLOT_BYTES);
  const memory = new Memory(flash, new Uint8Array(32).fill(7));
  const policy = policyOf(2, 0);
  expect(memory.applyPolicy(2)).toBe(true);
  const posted: ToTunnel[] = [];
  const start = { config: { links: LINKS }, policy, rereadPolicy: () => offered };
  let offered = policy;
  const inForce = new PolicyInForce({
    start: start as unknown as Start,
    memory,
    spending: must(Spending.open(policy, LINKS, open)),
    post: (message) => posted.push(message),
    onRefused: () => {},
    onApplied: () => {},
  });
  const offer = (policy: Policy) => {
    offered = policy;
    inForce.reload();
    return posted.splice(0).map((message) => (message.kind === 'policy' ? message.metering : null));
  };
  return { flash, offer };
}

test('a budget finds what was spent of it, and the next policy does not find it twice', () => {
  const { offer } = running();
  expect(offer(policyOf(3, 900))).toEqual([{ budgets: { wwan0: 900 }, spent: [SPENT] }]);
  expect(offer(policyOf(4, 800))).toEqual([{ budgets: { wwan0: 800 }, spent: [] }]);
});

test('a policy that is too old takes nothing of it', () => {
  const { offer } = running();
  expect(offer(policyOf(1, 1_000))).toEqual([]);
  expect(offer(policyOf(3, 900))).toEqual([{ budgets: { wwan0: 900 }, spent: [SPENT] }]);
});

test('a policy that cannot be made durable takes nothing of it', () => {
  const { flash, offer } = running();
  flash.failNext = halFail('storageFailed', 'EIO');
  expect(offer(policyOf(3, 1_000))).toEqual([]);
  expect(offer(policyOf(4, 900))).toEqual([{ budgets: { wwan0: 900 }, spent: [SPENT] }]);
});
