import { expect, test } from 'bun:test';
import { documentOfToml } from '../../../policies/toml.ts';

function problemsOf(text: string) {
  const document = documentOfToml(text, Bun.TOML.parse);
  return document.ok ? [] : document.problems;
}

test('a syntax error names the line in the TOML text, not in our own source', () => {
  expect(problemsOf('a = 1\n\n# remark\nb = @\nc = 3')).toMatchObject([
    { path: 'line 4', wrong: "Expected a value but found '@'" },
  ]);
  expect(problemsOf('= 1')).toMatchObject([{ path: 'line 1' }]);
});

test('a key or a table that is there twice is refused at its second place', () => {
  expect(problemsOf('[a]\nx = 1\n[b]\nx = 1\nx = 2')).toMatchObject([{ path: 'line 5' }]);
  expect(problemsOf('[a]\nx = 1\n\n[a]\ny = 2\n')).toMatchObject([{ path: 'line 4' }]);
});

test('an error inside a value of several lines is put at the line where it begins', () => {
  expect(problemsOf('a = 1\nb = [\n  1,\n  @,\n]\n')).toMatchObject([{ path: 'line 2' }]);
  expect(problemsOf('a = [\n 1,\n 2,\n]\nb = """\ntext\n"""\nc = ?')).toMatchObject([
    { path: 'line 8' },
  ]);
});

test('a text without end is refused by its length, and a very long one has no line', () => {
  expect(problemsOf(' '.repeat(1_048_577))).toMatchObject([{ wrong: 'the file is too long' }]);
  expect(problemsOf(`${'\n'.repeat(2_000)}a = @`)).toMatchObject([{ path: '' }]);
});

test('whatever a parser throws becomes a problem', () => {
  const document = documentOfToml('a', () => {
    throw 'no error object';
  });
  expect(document).toMatchObject({ ok: false, problems: [{ wrong: 'no error object' }] });
});

test('a value without quotes is not repeated: it may be a key', () => {
  const problems = problemsOf('a = 1\nkey = YAnKb1mJYx5Xg8p4cPq3ZkVw+oTq0dUeF7rL9sH+aE8=');
  expect(problems).toMatchObject([{ path: 'line 2', wrong: 'Strings must be quoted: some text' }]);
  // The parser repeats it up to the first sign that no word has.
  const shorter = problemsOf('key = YAnKb1mJ+x5Xg8p4cPq3ZkVwQoTq0dUeF7rL9sH+aE8=');
  expect(shorter).toMatchObject([{ wrong: 'Strings must be quoted: some text' }]);
  expect(problemsOf('kind = lte')).toMatchObject([{ wrong: 'Strings must be quoted: "lte"' }]);
});
