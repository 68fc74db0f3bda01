/** Takes the value out of a Result, or ends the script with what the system said. */
export function opened<T>(
  result: { ok: true; value: T } | { ok: false; code: string; detail: string },
): T {
  if (!result.ok) throw new Error(`${result.code}: ${result.detail}`);
  return result.value;
}

/** Run `ip` in this namespace. */
export function ip(command: string): void {
  const { exitCode, stderr } = Bun.spawnSync(['ip', ...command.split(' ')]);
  if (exitCode !== 0) throw new Error(`ip ${command}: ${stderr}`);
}
