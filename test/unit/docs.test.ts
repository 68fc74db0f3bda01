/**
 * Goal: the pages written by hand name only what exists, and say of commands, fields and codes what the code does.
 *
 * Method: read the pages as text and compare their links, tables and names with the tree. protocol.md has a file of its own
 * (docs/protocol.test.ts), the generated pages too (policies/reference.test.ts).
 */
import { describe, expect, test } from 'bun:test';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { loadAgentConfig } from '../../agent/config.ts';
import { HAL_CODES } from '../../hal/capabilities.ts';
import { loadHubConfig } from '../../hub/config.ts';
import { REASONS } from '../../session/reasons.ts';
import {
  bare,
  fieldsOf,
  filesUnder,
  headings,
  matches,
  PAGES,
  ROOT,
  read,
  rows,
  section,
} from './docs/pages.ts';

const SOURCES = ['agent', 'fleet', 'hal', 'hub', 'policies', 'scripts', 'session'];
const OPERATING = read('docs/operating.md');

/** As the page host makes them: lower case, punctuation dropped, spaces to hyphens. */
const anchorOf = (heading: string) =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}_ -]/gu, '')
    .replaceAll(' ', '-');

describe('links', () => {
  test('every relative link leads to a file, and its anchor to a heading', () => {
    const broken = PAGES.flatMap((page) =>
      [...read(page).matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link = '']) => {
        if (/^[a-z]+:/.test(link)) return [];
        const [path = '', anchor] = link.split('#');
        const target = path === '' ? page : relative(ROOT, join(ROOT, dirname(page), path));
        if (!existsSync(join(ROOT, target))) return [`${page}: ${link}`];
        const isFound =
          anchor === undefined || headings(read(target)).some((text) => anchorOf(text) === anchor);
        return isFound ? [] : [`${page}: ${link}`];
      }),
    );
    expect(broken).toEqual([]);
  });

  test('every source file and test that a page names exists', () => {
    const named = /`((?:agent|fleet|hal|hub|policies|scripts|session|test)\/[\w./-]*\w\/?)`/g;
    const missing = PAGES.flatMap((page) =>
      matches(read(page), named)
        .filter((path) => !existsSync(join(ROOT, path)))
        .map((path) => `${page}: ${path}`),
    );
    expect(missing).toEqual([]);
  });

  test('every page and section that a source file cites is there', () => {
    const cited = /(docs\/[\w/-]+\.md)((?:(?:,| and) "[^"]+")*)/g;
    const missing = SOURCES.flatMap((folder) => filesUnder(folder, '.ts')).flatMap((file) => {
      const text = read(file).replace(/\n \* ?/g, ' ');
      return [...text.matchAll(cited)].flatMap(([, page = '', quoted = '']) => {
        if (!existsSync(join(ROOT, page))) return [`${file}: ${page}`];
        const known = headings(read(page)).map((heading) => heading.toLowerCase());
        return matches(quoted, /"([^"]+)"/g)
          .filter((name) => !known.some((heading) => heading.includes(name.toLowerCase())))
          .map((name) => `${file}: ${page}, "${name}"`);
      });
    });
    expect(missing).toEqual([]);
  });

  test('each decision has a number of its own, and the parts that a decision has', () => {
    const files = readdirSync(join(ROOT, 'docs/decisions')).sort();
    expect(files.map((file) => Number(file.slice(0, 4)))).toEqual(files.map((_, at) => at + 1));
    for (const file of files) {
      const names = headings(read(`docs/decisions/${file}`));
      for (const part of ['Context', 'Decision', 'Why', 'What would change it']) {
        expect([file, names.includes(part)]).toEqual([file, true]);
      }
    }
  });
});

describe('commands', () => {
  const table = /const COMMANDS.*\{\n([\s\S]*?)\n\};/.exec(read('agent/jvpn.ts'))?.[1] ?? '';
  const commands = matches(table, /^ {2}(\w+):/gm);

  test('every subcommand that README and operating.md name exists in agent/jvpn.ts', () => {
    expect(commands.length).toBeGreaterThan(8);
    for (const page of ['README.md', 'docs/operating.md', 'docs/security.md', 'docs/protocol.md']) {
      const named = matches(read(page), /\bjvpn ([a-z]+)\b/g);
      expect([page, named.filter((name) => !commands.includes(name))]).toEqual([page, []]);
    }
  });

  test('operating.md explains every subcommand', () => {
    const explained = section(OPERATING, '## Commands');
    expect(commands.filter((name) => !explained.includes(`jvpn ${name}`))).toEqual([]);
  });
});

describe('operating.md and security.md', () => {
  test('I1 to I12 each have their place', () => {
    const pages = `${OPERATING}${read('docs/security.md')}`;
    const ids = Array.from({ length: 12 }, (_, at) => `I${at + 1}`);
    expect(ids.filter((id) => !new RegExp(`\\b${id}\\b`).test(pages))).toEqual([]);
    const table = rows(section(read('docs/protocol.md'), '## Invariants')).slice(1);
    expect(table.map(([id = '']) => id.split(' ')[0])).toEqual(ids);
  });

  test('the sections of the playbook are there, 1 to 14', () => {
    const numbered = headings(OPERATING).flatMap((text) => /^(\d+)\. /.exec(text)?.[1] ?? []);
    expect(numbered.map(Number)).toEqual(Array.from({ length: 14 }, (_, at) => at + 1));
  });

  test('the fields of an audit line are those that are written', () => {
    const listed = rows(section(OPERATING, '## Audit events'))
      .slice(1)
      .flatMap(([names = '']) => bare(names).split(', '));
    const fields = fieldsOf('hal/linux/auditLog.ts', 'AuditRow');
    expect(listed.sort()).toEqual(fields.sort());
  });

  test('what the system can refuse is the table of hal/capabilities.ts', () => {
    const table = rows(section(OPERATING, '## When the system refuses')).slice(1);
    const written = table.map(([code, sentence, hint]) => [bare(code), { sentence, hint }]);
    expect(Object.fromEntries(written)).toEqual({ ...HAL_CODES });
  });

  test('the configurations it shows are accepted', () => {
    const shown = [...OPERATING.matchAll(/```toml\n# (agent|hub)\.toml\n([\s\S]*?)```/g)];
    expect(shown.map((found) => found[1]).sort()).toEqual(['agent', 'hub']);
    for (const [, kind, text = ''] of shown) {
      const loaded = kind === 'agent' ? loadAgentConfig(text) : loadHubConfig(text);
      expect([kind, loaded.ok ? [] : loaded.problems]).toEqual([kind, []]);
    }
  });
});

test('README counts the reason codes', () => {
  expect(read('README.md')).toContain(`all ${Object.keys(REASONS).length} codes`);
});

test('every script that a page names is there and executable', () => {
  const named = PAGES.flatMap((page) =>
    [...read(page).matchAll(/\bscripts\/[a-z-]+\b/g)].map(([path]) => path),
  );
  const bad = [...new Set(named)].filter((path) => {
    const file = join(ROOT, path);
    return !existsSync(file) || (statSync(file).mode & 0o100) === 0;
  });
  expect(bad).toEqual([]);
});
