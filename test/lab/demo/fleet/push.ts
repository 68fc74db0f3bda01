/**
 * The one place in the demo that pushes documents to the fleet: signed here and published by the operator of the lab.
 *
 * @module
 */
import { CANARY, documentTopic } from '../../crowd/names.ts';
import type { Operator, Order } from '../../crowd/operator.ts';

export type Whom = 'canary' | 'fleet';

export async function push(
  operator: Operator,
  fleet: string,
  whom: Whom,
  order: Omit<Order, 'target'>,
): Promise<void> {
  const isAll = whom === 'fleet';
  const target = isAll
    ? ({ level: 'fleet', name: fleet } as const)
    : ({ level: 'group', fleet, name: CANARY } as const);
  const topic = documentTopic(fleet, order.kind, isAll ? null : CANARY);
  await operator.publish(topic, operator.sign({ ...order, target }));
}
