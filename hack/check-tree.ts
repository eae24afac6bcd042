/** What must not be in the tree, whatever the file is. */
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { sourceFiles } from './source-files.ts';

type TextRule = { readonly what: string; readonly where: RegExp; readonly pattern: RegExp };

const LOCKFILE = /^package-lock\.json$/;
const TEXT = /^(?!package-lock\.json$)/;
const TEST = /\.test\.ts$/;

// The brackets keep each pattern from finding itself here.
const TEXT_RULES: readonly TextRule[] = [
  {
    what: "a path of somebody's machine",
    where: TEXT,
    pattern: /(?<![\w.$}~*-])\/(?:(?:work|farm)\b|(?:root|home|Users)\/\w)/,
  },
  { what: 'a note to do something later', where: TEXT, pattern: /\b(?:TOD[O]|FIXM[E]|XX[X])\b/ },
  {
    what: 'a test that is singled out or left out',
    where: TEST,
    pattern: /\b(?:it|test|describe|suite)(?:\.\w+)*\.(?:only|skip|todo)\b/,
  },
  { what: 'an unresolved merge', where: TEXT, pattern: /^(?:<{7}|>{7}) /m },
  { what: "a registry's address", where: LOCKFILE, pattern: /"resolved": "[a-z+]+:/ },
  { what: "a registry's address", where: /(^|\/)\.npmrc$/, pattern: /registry\s*=/ },
  { what: 'a carriage return', where: TEXT, pattern: /\r/ },
];

const ROOT_DOCUMENTS = new Set([
  'README.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'LICENSE',
]);
/** Accounts of work done: they belong into commit messages. */
const REPORT_NAME =
  /(?:^|[-_.])(?:status|progress|report|summary|notes|plan|handoff|todo)(?:[-_.]\w+)*\.(?:md|txt)$/i;

function nameFinding(path: string): string | undefined {
  if (!path.includes('/') && /\.(md|txt|rst)$/.test(path) && !ROOT_DOCUMENTS.has(path)) {
    return `the root holds only ${[...ROOT_DOCUMENTS].join(', ')}`;
  }
  // What Helm says after an install has its name from Helm.
  const isAllowed = path.startsWith('docs/adr/') || path.endsWith('/templates/NOTES.txt');
  return !isAllowed && REPORT_NAME.test(basename(path)) ? 'looks like a status report' : undefined;
}

function textFindings(path: string, text: string): string[] {
  const findings = text.endsWith('\n') ? [] : [`${path}: no end of line at the end of the file`];
  for (const { what, where, pattern } of TEXT_RULES) {
    const match = where.test(path) ? pattern.exec(text) : null;
    if (match === null) continue;
    const line = text.slice(0, match.index).split('\n').length;
    findings.push(`${path}:${line}: ${what}: ${JSON.stringify(match[0])}`);
  }
  return findings;
}

/** One line per fault. Files with a zero byte or named `.bin` are binary, and only their names are looked at. */
export function treeFindings(root: string): string[] {
  const findings: string[] = [];
  for (const path of sourceFiles(root)) {
    const fault = nameFinding(path);
    if (fault !== undefined) findings.push(`${path}: ${fault}`);
    const text = path.endsWith('.bin') ? '' : readFileSync(join(root, path), 'utf8');
    if (text !== '' && !text.includes('\0')) findings.push(...textFindings(path, text));
  }
  return findings;
}
