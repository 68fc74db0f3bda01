import { expect, test } from 'bun:test';
import { fileURLToPath } from 'node:url';
import { POLICY_FIELDS } from '../../../policies/schema.ts';
import { jsonSchemaOf, jsonText } from '../../../scripts/reference/jsonSchema.ts';
import { referenceFiles, staleFiles } from '../../../scripts/reference.ts';
import { REASONS } from '../../../session/reasons.ts';

const ROOT = new URL('../../../', import.meta.url);

test('no generated page or schema is stale: run scripts/generate-reference', () => {
  expect(staleFiles(ROOT)).toEqual([]);
});

test('a missing file counts as stale', () => {
  expect(staleFiles(new URL('file:///nonexistent/'))).toEqual([...referenceFiles().keys()]);
});

test('every field and every reason code has its row', () => {
  const files = referenceFiles();
  for (const [section, table] of Object.entries(POLICY_FIELDS)) {
    expect(files.get('docs/policy.md')).toContain(section);
    if (table.kind !== 'table') continue;
    for (const name of Object.keys(table.fields))
      expect(files.get('docs/policy.md')).toContain(name);
  }
  for (const code of Object.keys(REASONS))
    expect(files.get('docs/reasons.md')).toContain(`\`${code}\``);
});

test('the JSON text is the JSON value', () => {
  const schema = jsonSchemaOf('p', POLICY_FIELDS);
  expect(JSON.parse(jsonText(schema))).toEqual(JSON.parse(JSON.stringify(schema)));
});

test('the JSON Schema refuses unknown keys and requires what has no default', () => {
  const agent = JSON.parse(referenceFiles().get('docs/agent.schema.json')!);
  expect(agent).toMatchObject({ additionalProperties: false, required: ['hub', 'links'] });
  expect(agent.properties.hub.required).toEqual(['public_key', 'endpoints']);
  expect(agent.properties.tunnel.properties.mtu).toMatchObject({ minimum: 1280, default: 1440 });
});

test('the script checks, explains itself and refuses unknown flags', async () => {
  const run = async (...flags: string[]) => {
    const script = fileURLToPath(new URL('scripts/generate-reference', ROOT));
    const child = Bun.spawn([script, ...flags], { stdout: 'pipe', stderr: 'pipe' });
    return { code: await child.exited, out: await child.stdout.text() };
  };
  expect(await run('--check')).toEqual({ code: 0, out: '' });
  expect((await run('--help')).out).toContain('docs/policy.md');
  expect((await run('--chek')).code).toBe(2);
});
