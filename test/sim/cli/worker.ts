/**
 * A process that runs what it is sent, one after the other, until its parent is gone.
 *
 * @module
 */
import { run } from '../run.ts';
import { drawScenario } from '../scenario.ts';
import { ranOf, type Task } from './task.ts';

process.on('message', (task: Task) => {
  const scenario = task.scenario ?? drawScenario(task.seed);
  const outcome = run(scenario, { trace: task.hasTrace });
  process.send?.(ranOf(outcome, task.hasTrace));
});
process.on('disconnect', () => process.exit(0));

const { SIM_MUTANT, SIM_PLANTED } = process.env;
if (SIM_MUTANT !== undefined && SIM_PLANTED !== SIM_MUTANT) {
  throw new Error(`mutant ${SIM_MUTANT}: the simulator does not load its file`);
}
process.send?.('ready');
