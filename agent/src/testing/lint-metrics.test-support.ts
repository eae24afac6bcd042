/**
 * What a scrape must keep to: the text format
 * (https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format), the naming rules
 * (https://prometheus.io/docs/practices/naming/) and this project's own names.
 */

const SAMPLE =
  /^(?<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(?<labels>.*)\})? (?<value>-?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?)|[+-]Inf|N[aA][nN])$/;
const LABELS = /^(?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"(?:,(?!$)|$))*$/;
const OWN_NAME =
  /^streamhouse_[a-z]+(_[a-z]+)+_(total|seconds|bytes|partitions|slots|groups|members|connections)$/;
const OURS = /^streamhouse_/;
/** Of prom-client, about the process and Node.js. */
const THEIRS = /^(process|nodejs)_/;
/** Labels that would grow without a bound. */
const UNBOUNDED = /\b(topic|key|offset|client|producer|member|partition)="/;

/** One line per violation. */
export function lintMetrics(text: string): string[] {
  const faults: string[] = [];
  const types = new Map<string, string>();
  const helps = new Set<string>();
  const series = new Set<string>();
  if (!text.endsWith('\n')) faults.push('the last line has no end');
  for (const line of text.split('\n')) {
    const [, kind, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) ?(.*)$/.exec(line) ?? [];
    if (kind === 'HELP') {
      if (helps.has(name)) faults.push(`${name} has two HELP lines`);
      if (rest === '') faults.push(`${name} has an empty HELP line`);
      helps.add(name);
    } else if (kind === 'TYPE') {
      if (types.has(name)) faults.push(`${name} has two TYPE lines`);
      types.set(name, rest);
      faults.push(...nameFaults(name, rest));
    } else if (line !== '' && !line.startsWith('#')) {
      faults.push(...sampleFaults(line, types, helps, series));
    }
  }
  for (const name of types.keys()) {
    // Ours exist from the first scrape on, so that they can be alerted on before the first failure.
    if (OURS.test(name) && ![...series].some((one) => one.startsWith(name)))
      faults.push(`${name} has no series`);
  }
  return faults;
}

function nameFaults(name: string, type: string): string[] {
  const faults: string[] = [];
  if (!OURS.test(name) && !THEIRS.test(name)) faults.push(`${name} is nobody's`);
  if (OURS.test(name) && !OWN_NAME.test(name)) faults.push(`${name} has no area, thing and unit`);
  if ((type === 'counter') !== name.endsWith('_total') && OURS.test(name))
    faults.push(`${name}: counters, and only they, end in _total`);
  if (!['counter', 'gauge', 'histogram', 'summary'].includes(type))
    faults.push(`${name} has the type ${type}`);
  return faults;
}

function sampleFaults(
  line: string,
  types: ReadonlyMap<string, string>,
  helps: ReadonlySet<string>,
  series: Set<string>,
): string[] {
  const { name, labels = '' } = SAMPLE.exec(line)?.groups ?? {};
  if (name === undefined || !LABELS.test(labels)) return [`"${line}" is no sample`];
  const faults: string[] = [];
  const family = types.has(name) ? name : name.replace(/_(bucket|sum|count)$/, '');
  if (!types.has(family) || !helps.has(family))
    faults.push(`${name} has no TYPE or HELP before it`);
  if (family !== name && !['histogram', 'summary'].includes(types.get(family) ?? ''))
    faults.push(`${name} is no part of a histogram`);
  const id = `${name}{${labels.split(',').toSorted().join()}}`;
  if (series.has(id)) faults.push(`${id} comes twice`);
  if (UNBOUNDED.test(labels)) faults.push(`${id} has a label without a bound`);
  series.add(id);
  return faults;
}
