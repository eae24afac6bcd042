import type { JsonObject } from './json.ts';

interface Requirement {
  readonly label: string;
  readonly value: string;
  readonly isEqual: boolean;
}

/** Labels that an object must have, or must not: `app=orders,tier!=test`. No requirement matches everything. */
export type LabelSelector = readonly Requirement[];

const REQUIREMENT = /^\s*([\w./-]+)\s*(==|=|!=)\s*([\w.-]*)\s*$/;

/** Reads the equality form of a selector; undefined when it is none. */
export function parseLabelSelector(text: string): LabelSelector | undefined {
  if (text.trim() === '') return [];
  const requirements: Requirement[] = [];
  for (const part of text.split(',')) {
    const [, label, operator, value] = REQUIREMENT.exec(part) ?? [];
    if (label === undefined || value === undefined) return undefined;
    requirements.push({ label, value, isEqual: operator !== '!=' });
  }
  return requirements;
}

/** As Kubernetes has it, an object without the label satisfies `!=`. */
export function matchesLabels(selector: LabelSelector, labels: JsonObject | undefined): boolean {
  return selector.every(({ label, value, isEqual }) => {
    const own = labels !== undefined && Object.hasOwn(labels, label) ? labels[label] : undefined;
    return (own === value) === isEqual;
  });
}
